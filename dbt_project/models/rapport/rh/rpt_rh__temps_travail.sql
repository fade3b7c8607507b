-- Two charts: temps complet is a quality of the post, temps plein a choice of the agents whose post is temps complet.
with reponses as (
    select
        exercice,
        code_statut,
        'poste' as type_temps,
        case when est_temps_complet then 'complet' else 'non_complet' end as code_temps,
        nb_agents
    from {{ ref('fct_effectifs') }}
    where {{ est_permanent() }}
    union all
    select
        exercice,
        code_statut,
        'agent' as type_temps,
        case when est_temps_plein then 'plein' else 'partiel' end as code_temps,
        nb_agents
    from {{ ref('fct_effectifs') }}
    where {{ est_permanent() }} and est_temps_complet
),

comptes as (
    select
        exercice,
        case when grouping(code_statut) = 1 then 'tous' else code_statut end as code_statut,
        type_temps,
        code_temps,
        sum(nb_agents) as nb_agents
    from reponses
    group by grouping sets ((exercice, code_statut, type_temps, code_temps), (exercice, type_temps, code_temps))
)

select
    cast(comptes.exercice as integer) as exercice,
    cast(comptes.code_statut as string) as code_statut,
    cast(statuts.libelle_statut as string) as libelle_statut,
    cast(statuts.rang as integer) as rang,
    cast(comptes.type_temps as string) as type_temps,
    cast(comptes.code_temps as string) as code_temps,
    cast(
        case comptes.code_temps
            when 'complet' then 'Temps complet'
            when 'non_complet' then 'Temps non complet'
            when 'plein' then 'Temps plein'
            else 'Temps partiel'
        end as string
    ) as libelle_temps,
    cast(comptes.nb_agents as bigint) as nb_agents,
    cast(
        {{ ratio(
            'comptes.nb_agents * 100',
            'sum(comptes.nb_agents) over (partition by comptes.exercice, comptes.code_statut, comptes.type_temps)', 0
        ) }} as integer
    ) as part_pct
from comptes
inner join {{ statuts(['fonctionnaire', 'contractuel_permanent', 'tous']) }} on comptes.code_statut = statuts.code_statut
