-- Twelve months for each exercice whose tickets were received: a month without ticket is a zero, not a gap.
with mois as (
    select recus.exercice, recus.a_des_types, mois.mois
    from (
        -- what no tool of the exercice gives is not counted
        select exercice, bool_or(type_ticket <> 'non précisé') as a_des_types
        from {{ ref('fct_tickets') }}
        group by exercice
    ) as recus
    cross join {{ douze_mois() }}
)

select
    cast(mois.exercice as integer) as exercice,
    {{ mois_et_date('mois.exercice', 'mois.mois') }},
    cast(coalesce(sum(tickets.nb_tickets), 0) as bigint) as nb_tickets,
    cast(
        case when mois.a_des_types then coalesce(sum(tickets.nb_tickets) filter (where tickets.type_ticket = 'incident'), 0) end as bigint
    ) as nb_incidents,
    cast(case when mois.a_des_types then coalesce(sum(tickets.nb_tickets) filter (where tickets.type_ticket = 'demande'), 0) end as bigint)
        as nb_demandes,
    cast(coalesce(sum(tickets.nb_resolus), 0) as bigint) as nb_resolus,
    {{ role_ligne() }}
from mois
left join {{ ref('fct_tickets') }} as tickets on mois.exercice = tickets.exercice and mois.mois = tickets.mois
group by mois.exercice, mois.a_des_types, mois.mois
