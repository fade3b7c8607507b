with comptes as (
    select exercice, categorie, sum(nb_agents) as nb_agents
    from {{ ref('fct_effectifs') }}
    where {{ est_permanent() }} and categorie is not null
    group by exercice, categorie
)

select
    cast(exercice as integer) as exercice,
    cast(categorie as string) as categorie,
    cast('Catégorie ' || categorie as string) as libelle_categorie,
    cast(nb_agents as bigint) as nb_agents,
    cast({{ ratio('nb_agents * 100', 'sum(nb_agents) over (partition by exercice)', 0) }} as integer) as part_pct
from comptes
