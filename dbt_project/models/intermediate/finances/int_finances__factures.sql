-- Every accepted run of invoices, with its weight.
with qualifiees as (
    select
        factures.*,
        coalesce(orthographes.code_collectivite, 'inconnue') as code_collectivite,
        row_number() over doublons as rang,
        {{ double_de('doublons', 'factures') }} as double_de,
        {{ motif({'hors exercice': 'year(factures.date_edition) <> factures.exercice'}) }} as motif_exclusion
    from {{ source('lake', 'multifact__factures') }} as factures
    left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes
        on {{ normalise_libelle('factures.collectivite') }} = orthographes.orthographe
    window doublons as (
        partition by factures.exercice, factures.numero_edition
        order by factures._fichier nulls last, factures._feuille nulls first, factures._ligne nulls last
    )
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
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from qualifiees
