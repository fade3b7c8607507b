select
    cast(exercice as integer) as exercice,
    cast(activite as string) as activite,
    cast(sum(nb_factures) as bigint) as nb_factures,
    {{ role_ligne() }}
from {{ ref('fct_factures') }}
where activite is not null
group by exercice, activite
