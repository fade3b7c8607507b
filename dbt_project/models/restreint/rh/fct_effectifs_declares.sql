-- Only the declarations of December say who is paid on the 31st; they do not know permanent posts.
select
    cast(exercice as integer) as exercice,
    {{ mois_et_date('exercice', 'month(mois)') }},
    cast(case when statut_agent = 'contractuel' then 'contractuel' else 'fonctionnaire' end as string) as code_statut,
    cast(count(*) as bigint) as nb_agents
from {{ ref('int_rh__contrats_dsn') }}
where poids = 1
group by exercice, month(mois), case when statut_agent = 'contractuel' then 'contractuel' else 'fonctionnaire' end
