-- The declarations of December alone say who is paid on the 31st; they know no permanent post.
select
    cast(exercice as integer) as exercice,
    cast(month(mois) as integer) as mois,
    cast(case when statut_agent = 'contractuel' then 'contractuel' else 'fonctionnaire' end as string) as code_statut,
    cast(count(*) as bigint) as nb_agents
from {{ ref('int_rh__contrats_dsn') }}
where poids = 1
group by 1, 2, 3
