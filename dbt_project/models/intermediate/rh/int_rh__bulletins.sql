with qualifies as (
    select
        bulletins.*,
        coalesce(orthographes.code_collectivite, 'inconnue') as code_collectivite,
        {{ motif({'hors période': 'year(bulletins.mois) <> bulletins.exercice'}) }} as motif_exclusion
    from {{ ref('stg_bulletins') }} as bulletins
    left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes
        on {{ normalise_libelle('bulletins.collectivite') }} = orthographes.orthographe
)

select
    systeme,
    nom_table,
    exercice,
    mois,
    code_collectivite,
    nb_bulletins,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne,
    _colonne
from qualifies
