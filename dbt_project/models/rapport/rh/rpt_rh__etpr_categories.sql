-- The same for the permanent agents, by category.
with comptes as (
    select exercice, categorie_hierarchique, sum(heures) as heures
    from {{ ref('fct_heures_remunerees') }}
    where {{ est_permanent() }} and categorie_hierarchique is not null
    group by exercice, categorie_hierarchique
)

select
    cast(exercice as integer) as exercice,
    cast(categorie_hierarchique as string) as categorie_hierarchique,
    cast('Catégorie ' || categorie_hierarchique as string) as libelle_categorie,
    cast(row_number() over (partition by exercice order by categorie_hierarchique nulls last) as integer) as rang,
    cast(heures as decimal(18, 2)) as heures,
    cast({{ ratio('heures', 1820, 2) }} as decimal(18, 2)) as etpr,
    cast({{ ratio('heures * 100', 'sum(heures) over (partition by exercice)', 0) }} as integer) as part_pct,
    {{ role_ligne() }}
from comptes
