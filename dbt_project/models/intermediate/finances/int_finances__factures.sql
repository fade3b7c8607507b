-- Every accepted run of invoices, with its weight.
with qualifiees as (
    select
        factures.*,
        coalesce(orthographes.code_collectivite, 'inconnue') as code_collectivite,
        row_number() over (
            partition by factures.exercice, factures.numero_edition order by factures._fichier nulls last, factures._feuille nulls first, factures._ligne nulls last
        ) as rang,
        {{ motif({'hors exercice': 'year(factures.date_edition) <> factures.exercice'}) }} as motif_exclusion
    from {{ source('lake', 'multifact__factures') }} as factures
    left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes
        on {{ normalise_libelle('factures.collectivite') }} = orthographes.orthographe
)

select
    exercice,
    numero_edition,
    date_edition,
    code_collectivite,
    activite,
    nb_factures - nb_factures_annulees as nb_factures,
    nb_factures_annulees,
    montant_eur,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from qualifiees
