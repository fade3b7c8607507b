-- The agents present on 31 December by service, as the tool names it: the largest first.
with comptes as (
    select exercice, service, sum(nb_agents) as nb_agents
    from {{ ref('fct_effectifs') }}
    where service is not null
    group by exercice, service
)

select
    cast(exercice as integer) as exercice,
    cast(
        row_number() over (partition by exercice order by nb_agents desc nulls last, service asc nulls last) as integer
    ) as rang,
    cast(service as string) as service,
    cast(nb_agents as bigint) as nb_agents,
    {{ role_ligne() }}
from comptes
