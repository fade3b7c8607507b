-- The applications that print their days of election work are those that the elections use: training on them is counted.
with accompagnements as (
    select
        exercice,
        scrutin,
        coalesce(travail, 'Travail non précisé') as action,
        min(date_traitement) as date_debut,
        count(distinct code_collectivite) as nb_collectivites,
        sum(nb_documents) as nb_documents,
        cast(null as bigint) as nb_agents_formes,
        sum(duree_jours) as duree_jours
    from {{ ref('fct_traitements_elections') }}
    group by exercice, scrutin, travail
    union all
    select
        formations.exercice,
        'Tous scrutins' as scrutin,
        'Formation des agents des collectivités' as action,
        min(formations.date_debut) as date_debut,
        count(distinct formations.code_collectivite) as nb_collectivites,
        cast(null as bigint) as nb_documents,
        -- unknown as soon as one session has no attendance sheet
        case when count(*) = count(formations.nb_agents_formes) then sum(formations.nb_agents_formes) end as nb_agents_formes,
        sum(formations.duree_jours) as duree_jours
    from {{ ref('fct_formations') }} as formations
    inner join {{ ref('dim_application_indicateur') }} as indicateurs
        on formations.code_application = indicateurs.code_application
        and indicateurs.indicateur = 'jours_traitement_elections'
    group by formations.exercice
)

select
    cast(exercice as integer) as exercice,
    cast(scrutin as string) as scrutin,
    cast(action as string) as action,
    cast(date_debut as date) as date_debut,
    cast(nb_collectivites as bigint) as nb_collectivites,
    cast(nb_documents as bigint) as nb_documents,
    cast(nb_agents_formes as bigint) as nb_agents_formes,
    cast(duree_jours as decimal(18, 2)) as duree_jours,
    {{ role_ligne() }}
from accompagnements
