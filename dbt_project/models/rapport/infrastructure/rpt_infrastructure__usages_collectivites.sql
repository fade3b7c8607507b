-- What the agents of each collectivité had and did at a distance; the tools are read one by one, and either may be missing.
with usages as (
    select exercice, code_collectivite, nb_agents as nb_agents_autorises, cast(null as bigint) as nb_reunions
    from {{ ref('fct_acces_autorises') }}
    union all
    select exercice, code_collectivite, cast(null as bigint) as nb_agents_autorises, nb_reunions
    from {{ ref('fct_usages_teams') }}
)

select
    cast(usages.exercice as integer) as exercice,
    cast(usages.code_collectivite as string) as code_collectivite,
    cast(collectivites.libelle_collectivite as string) as libelle_collectivite,
    cast(sum(usages.nb_agents_autorises) as bigint) as nb_agents_autorises,
    cast(sum(usages.nb_reunions) as bigint) as nb_reunions,
    {{ role_ligne() }}
from usages
inner join {{ ref('dim_collectivite') }} as collectivites
    on usages.code_collectivite = collectivites.code_collectivite
group by usages.exercice, usages.code_collectivite, collectivites.libelle_collectivite
