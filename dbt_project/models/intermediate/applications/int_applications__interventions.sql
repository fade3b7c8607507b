with interventions as (
    select
        interventions.exercice,
        interventions.ticket,
        orthographes_applications.code_application,
        coalesce(orthographes_collectivites.code_collectivite, 'inconnue') as code_collectivite,
        interventions.date_intervention,
        interventions.objet,
        interventions.duree_jours,
        {{ motif_application('interventions.exercice', {
            'hors période': 'year(interventions.date_intervention) <> interventions.exercice',
        }) }} as motif_exclusion,
        interventions._livraison,
        interventions._fichier,
        interventions._feuille,
        interventions._ligne
    from {{ source('lake', 'journal_assistance__interventions') }} as interventions
    left join {{ ref('int_applications__orthographes') }} as orthographes_applications
        on {{ normalise_libelle('interventions.application') }} = orthographes_applications.orthographe
    left join {{ ref('int_applications__applications') }} as applications
        on orthographes_applications.code_application = applications.code_application
    left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes_collectivites
        on {{ normalise_libelle('interventions.collectivite') }} = orthographes_collectivites.orthographe
),

-- A ticket entered twice counts once.
rangs as (
    select
        *,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from interventions
    window doublons as (
        partition by exercice, ticket, motif_exclusion
        order by _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
)

select
    exercice,
    ticket,
    code_application,
    code_collectivite,
    date_intervention,
    objet,
    duree_jours,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
