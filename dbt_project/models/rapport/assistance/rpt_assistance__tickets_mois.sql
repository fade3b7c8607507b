-- Twelve months for each exercice whose tickets were received: a month without ticket is a zero, not a gap.
with mois as (
    select recus.exercice, mois.mois
    from (select distinct exercice from {{ ref('fct_tickets') }}) as recus
    cross join {{ douze_mois() }}
)

select
    cast(mois.exercice as integer) as exercice,
    cast(mois.mois as integer) as mois,
    cast(coalesce(sum(tickets.nb_tickets), 0) as bigint) as nb_tickets,
    cast(coalesce(sum(tickets.nb_tickets) filter (where tickets.type_ticket = 'incident'), 0) as bigint) as nb_incidents,
    cast(coalesce(sum(tickets.nb_tickets) filter (where tickets.type_ticket = 'demande'), 0) as bigint) as nb_demandes,
    cast(coalesce(sum(tickets.nb_resolus), 0) as bigint) as nb_resolus
from mois
left join {{ ref('fct_tickets') }} as tickets on mois.exercice = tickets.exercice and mois.mois = tickets.mois
group by mois.exercice, mois.mois
