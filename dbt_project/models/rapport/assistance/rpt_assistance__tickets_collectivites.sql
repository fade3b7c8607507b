-- Every member of each exercice whose tickets were received, and what could not be attributed to a member; only the
-- latter when no tool says whose a ticket is.
with tickets as (
    select
        recus.exercice,
        collectivites.code_collectivite,
        collectivites.libelle_collectivite,
        coalesce(sum(tickets.nb_tickets), 0) as nb_tickets,
        case when recus.a_des_types then coalesce(sum(tickets.nb_tickets) filter (where tickets.type_ticket = 'incident'), 0) end
            as nb_incidents,
        case when recus.a_des_types then coalesce(sum(tickets.nb_tickets) filter (where tickets.type_ticket = 'demande'), 0) end
            as nb_demandes,
        coalesce(sum(tickets.nb_resolus), 0) as nb_resolus
    from (
        -- of what no tool of the exercice says, nothing is counted
        select
            exercice,
            bool_or(type_ticket <> 'non précisé') as a_des_types,
            bool_or(code_collectivite <> 'non_repartie') as a_des_collectivites
        from {{ ref('fct_tickets') }}
        group by exercice
    ) as recus
    cross join {{ ref('dim_collectivite') }} as collectivites
    left join {{ ref('fct_tickets') }} as tickets
        on recus.exercice = tickets.exercice and collectivites.code_collectivite = tickets.code_collectivite
    where recus.a_des_collectivites or collectivites.code_collectivite = 'non_repartie'
    group by recus.exercice, recus.a_des_types, collectivites.code_collectivite, collectivites.libelle_collectivite
)

select
    cast(exercice as integer) as exercice,
    cast(code_collectivite as string) as code_collectivite,
    cast(libelle_collectivite as string) as libelle_collectivite,
    cast(nb_tickets as bigint) as nb_tickets,
    cast(nb_incidents as bigint) as nb_incidents,
    cast(nb_demandes as bigint) as nb_demandes,
    cast(nb_resolus as bigint) as nb_resolus,
    cast({{ ratio('nb_tickets * 100', 'sum(nb_tickets) over (partition by exercice)', 1) }} as decimal(5, 1)) as part_tickets_pct,
    {{ role_ligne() }}
from tickets
