-- Agents are counted here, not listed: a pseudonym is still personal data and stays in the intermediate layer.
select
    cast(exercice as integer) as exercice,
    cast(code_collectivite as string) as code_collectivite,
    cast(count(*) as bigint) as nb_agents
from {{ ref('int_infrastructure__autorisations') }}
where poids = 1
group by exercice, code_collectivite
