-- The ages of the permanent agents, women and men: the three bands that the report prints, and those of five years.
with reponses as (
    select
        exercice,
        'synthese' as type_tranche,
        case when tranche_age_ans >= 50 then 50 when tranche_age_ans >= 30 then 30 else 0 end as tranche_age_ans,
        case
            when tranche_age_ans >= 50 then '50 ans et plus'
            when tranche_age_ans >= 30 then 'De 30 à 49 ans'
            else 'Moins de 30 ans'
        end as libelle_tranche,
        sexe,
        nb_agents
    from {{ ref('fct_effectifs') }}
    where {{ est_permanent() }}
    union all
    select
        exercice,
        'quinquennale' as type_tranche,
        tranche_age_ans,
        'de ' || tranche_age_ans || ' à ' || (tranche_age_ans + 4) || ' ans' as libelle_tranche,
        sexe,
        nb_agents
    from {{ ref('fct_effectifs') }}
    where {{ est_permanent() }}
),

comptes as (
    select exercice, type_tranche, tranche_age_ans, libelle_tranche, sexe, sum(nb_agents) as nb_agents
    from reponses
    group by exercice, type_tranche, tranche_age_ans, libelle_tranche, sexe
)

select
    cast(exercice as integer) as exercice,
    cast(type_tranche as string) as type_tranche,
    cast(tranche_age_ans as integer) as tranche_age_ans,
    cast(libelle_tranche as string) as libelle_tranche,
    cast(sexe as string) as sexe,
    cast(case sexe when 'F' then 'Femmes' else 'Hommes' end as string) as libelle_sexe,
    cast(nb_agents as bigint) as nb_agents,
    cast({{ ratio('nb_agents * 100', 'sum(nb_agents) over (partition by exercice, type_tranche)', 0) }} as integer) as part_pct
from comptes
