-- A backup that somebody cancelled is not an attempt: it neither succeeded nor failed.
with motifs as (
    select
        *,
        {{ motif({
            'hors période': 'year(debut) <> exercice',
            'annulé': "statut = 'Annulé'",
        }) }} as motif_exclusion
    from {{ source('lake', 'sauvegardes__travaux') }}
)

select
    exercice,
    reference_travail,
    perimetre,
    type_sauvegarde,
    debut,
    fin,
    statut,
    volume_go,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from motifs
