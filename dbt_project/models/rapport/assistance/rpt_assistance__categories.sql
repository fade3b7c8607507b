with categories as (
    select
        exercice,
        type_ticket,
        categorie_ticket,
        sum(nb_tickets) as nb_tickets,
        sum(nb_resolus) as nb_resolus,
        {{ ratio(mediane('delai_minutes'), '60', 1) }} as delai_median_heures
    from {{ ref('fct_tickets') }}
    group by exercice, type_ticket, categorie_ticket
)

select
    cast(exercice as integer) as exercice,
    cast(type_ticket as string) as type_ticket,
    cast(categorie_ticket as string) as categorie_ticket,
    cast(nb_tickets as bigint) as nb_tickets,
    cast(nb_resolus as bigint) as nb_resolus,
    cast({{ ratio('nb_tickets * 100', 'sum(nb_tickets) over (partition by exercice, type_ticket)', 1) }} as decimal(5, 1)) as part_type_pct,
    cast(delai_median_heures as decimal(18, 1)) as delai_median_heures,
    {{ role_ligne() }}
from categories
