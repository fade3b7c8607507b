with comptes as (
    select exercice, categorie_hierarchique, sum(nb_agents) as nb_agents
    from {{ ref('fct_effectifs') }}
    where {{ est_permanent() }} and categorie_hierarchique is not null
    group by exercice, categorie_hierarchique
)

select
    cast(exercice as integer) as exercice,
    cast(categorie_hierarchique as string) as categorie_hierarchique,
    cast('Catégorie ' || categorie_hierarchique as string) as libelle_categorie,
    cast(nb_agents as bigint) as nb_agents,
    cast({{ ratio('nb_agents * 100', 'sum(nb_agents) over (partition by exercice)', 0) }} as integer) as part_pct,
    {{ role_ligne() }}
from comptes
