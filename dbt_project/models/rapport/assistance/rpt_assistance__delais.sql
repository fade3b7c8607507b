-- By type and priority, with the totals of both: « tous » and « toutes » mean any.
with delais as (
    select
        exercice,
        coalesce(type_ticket, 'tous') as type_ticket,
        coalesce(priorite, 'toutes') as priorite,
        sum(nb_tickets) as nb_tickets,
        sum(nb_resolus) as nb_resolus,
        -- unknown for one, unknown for all
        case when count(*) = count(nb_rouverts) then sum(nb_rouverts) end as nb_rouverts,
        count(delai_minutes) as nb_delais,
        count(*) filter (where a_delai and est_attente_connue) as nb_delais_sans_attente,
        {{ ratio(mediane('delai_minutes'), '60', 1) }} as delai_median_heures,
        {{ ratio('sum(delai_minutes)', 'count(delai_minutes) * 60', 1) }} as delai_moyen_heures
    from {{ ref('fct_tickets') }}
    group by grouping sets ((exercice, type_ticket, priorite), (exercice, type_ticket), (exercice, priorite), (exercice))
)

select
    cast(exercice as integer) as exercice,
    cast(type_ticket as string) as type_ticket,
    cast(priorite as string) as priorite,
    cast(nb_tickets as bigint) as nb_tickets,
    cast(nb_resolus as bigint) as nb_resolus,
    cast({{ ratio('nb_resolus * 100', 'nb_tickets', 1) }} as decimal(5, 1)) as part_resolus_pct,
    cast(nb_rouverts as bigint) as nb_rouverts,
    cast({{ ratio('nb_rouverts * 100', 'nb_tickets', 1) }} as decimal(5, 1)) as part_rouverts_pct,
    cast(nb_delais as bigint) as nb_delais,
    cast(nb_delais_sans_attente as bigint) as nb_delais_sans_attente,
    cast(delai_median_heures as decimal(18, 1)) as delai_median_heures,
    cast(delai_moyen_heures as decimal(18, 1)) as delai_moyen_heures,
    {{ role_ligne({'type_ticket': 'tous', 'priorite': 'toutes'}) }}
from delais
