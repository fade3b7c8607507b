with motifs as (
    select
        *,
        {{ motif({
            'pas encore en service': 'date_mise_en_service > make_date(exercice, 12, 31)',
            'résilié avant l’exercice': 'date_resiliation < make_date(exercice, 1, 1)',
        }) }} as motif_exclusion
    from {{ source('lake', 'reseau__liens') }}
)

select
    exercice,
    reference_lien,
    lower(nature) as nature,
    origine,
    destination,
    operateur,
    debit_mbits,
    longueur_km,
    date_mise_en_service,
    date_resiliation,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from motifs
