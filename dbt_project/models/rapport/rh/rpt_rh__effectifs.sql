-- The head count of 31 December by statut; the CDI are a part of the permanent contractuels.
with comptes as (
    select
        exercice,
        case when grouping(code_statut) = 1 then 'tous' else code_statut end as code_statut,
        sum(nb_agents) as nb_agents
    from {{ ref('fct_effectifs') }}
    group by grouping sets ((exercice, code_statut), (exercice))
    union all
    select exercice, 'contractuel_permanent_cdi' as code_statut, sum(nb_agents) as nb_agents
    from {{ ref('fct_effectifs') }}
    where code_statut = 'contractuel_permanent' and est_cdi
    group by exercice
),

totaux as (
    select exercice, nb_agents
    from comptes
    where code_statut = 'tous'
)

select
    cast(totaux.exercice as integer) as exercice,
    cast(statuts.code_statut as string) as code_statut,
    cast(statuts.libelle_statut as string) as libelle_statut,
    cast(statuts.rang as integer) as rang,
    cast(coalesce(comptes.nb_agents, 0) as bigint) as nb_agents,
    cast({{ ratio('coalesce(comptes.nb_agents, 0) * 100', 'totaux.nb_agents', 0) }} as integer) as part_pct,
    {{ role_ligne({'statuts.code_statut': 'tous'}, dont="statuts.code_statut = 'contractuel_permanent_cdi'") }}
from totaux
cross join {{ statuts(['fonctionnaire', 'contractuel_permanent', 'contractuel_permanent_cdi', 'contractuel_non_permanent', 'tous']) }}
left join comptes on totaux.exercice = comptes.exercice and statuts.code_statut = comptes.code_statut
