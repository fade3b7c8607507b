-- The mean age of the permanent agents, from the middles of their bands of five years; the whole pools the agents.
with comptes as (
    select
        exercice,
        case when grouping(code_statut) = 1 then 'tous' else code_statut end as code_statut,
        sum(nb_agents) as nb_agents,
        sum(somme_ages_medians_ans) as somme_ages_medians_ans
    from {{ ref('fct_effectifs') }}
    where {{ est_permanent() }}
    group by grouping sets ((exercice, code_statut), (exercice))
)

select
    cast(comptes.exercice as integer) as exercice,
    cast(comptes.code_statut as string) as code_statut,
    cast(statuts.libelle_statut as string) as libelle_statut,
    cast(statuts.rang as integer) as rang,
    cast(comptes.nb_agents as bigint) as nb_agents,
    cast({{ ratio('comptes.somme_ages_medians_ans', 'comptes.nb_agents', 2) }} as decimal(5, 2)) as age_moyen_ans,
    {{ role_ligne({'comptes.code_statut': 'tous'}) }}
from comptes
inner join {{ statuts(['fonctionnaire', 'contractuel_permanent', 'tous']) }} on comptes.code_statut = statuts.code_statut
