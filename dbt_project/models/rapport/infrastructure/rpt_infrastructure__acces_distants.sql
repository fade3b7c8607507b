with autorises as (
    select exercice, sum(nb_agents) as nb_agents_autorises
    from {{ ref('fct_acces_autorises') }}
    group by exercice
)

select
    cast(acces.exercice as integer) as exercice,
    {{ mois_et_date('acces.exercice', 'acces.mois') }},
    cast(acces.pic_agents_simultanes as bigint) as pic_agents_simultanes,
    cast(acces.nb_agents as bigint) as nb_agents,
    cast(acces.nb_agents_non_autorises as bigint) as nb_agents_non_autorises,
    cast(autorises.nb_agents_autorises as bigint) as nb_agents_autorises,
    cast(acces.nb_sessions as bigint) as nb_sessions,
    cast(acces.nb_sessions_fin_estimee as bigint) as nb_sessions_fin_estimee,
    {{ role_ligne() }}
from {{ ref('fct_acces_distants') }} as acces
left join autorises on acces.exercice = autorises.exercice
