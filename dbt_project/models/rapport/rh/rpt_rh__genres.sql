-- Women and men among the permanent agents, within each statut.
with comptes as (
    select
        exercice,
        case when grouping(code_statut) = 1 then 'tous' else code_statut end as code_statut,
        sexe,
        sum(nb_agents) as nb_agents
    from {{ ref('fct_effectifs') }}
    where {{ est_permanent() }}
    group by grouping sets ((exercice, code_statut, sexe), (exercice, sexe))
)

select
    cast(comptes.exercice as integer) as exercice,
    cast(comptes.code_statut as string) as code_statut,
    cast(statuts.libelle_statut as string) as libelle_statut,
    cast(statuts.rang as integer) as rang,
    cast(comptes.sexe as string) as sexe,
    cast(case comptes.sexe when 'F' then 'Femmes' else 'Hommes' end as string) as libelle_sexe,
    cast(comptes.nb_agents as bigint) as nb_agents,
    cast(
        {{ ratio('comptes.nb_agents * 100', 'sum(comptes.nb_agents) over (partition by comptes.exercice, comptes.code_statut)', 0) }}
        as integer
    ) as part_pct,
    {{ role_ligne({'comptes.code_statut': 'tous'}) }}
from comptes
inner join {{ statuts(['fonctionnaire', 'contractuel_permanent', 'tous']) }} on comptes.code_statut = statuts.code_statut
