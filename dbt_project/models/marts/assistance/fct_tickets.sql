select
    cast(exercice as integer) as exercice,
    cast(systeme as string) as systeme,
    cast(numero_ticket as string) as numero_ticket,
    {{ mois_et_date('exercice', 'month(date_ouverture)') }},
    cast(date_ouverture as date) as date_ouverture,
    cast(code_collectivite as string) as code_collectivite,
    cast(type_ticket as string) as type_ticket,
    cast(categorie as string) as categorie_ticket,
    cast(statut as string) as statut_ticket,
    cast(priorite as string) as priorite,
    cast(1 as bigint) as nb_tickets,
    cast(case when est_resolu then 1 else 0 end as bigint) as nb_resolus,
    cast(case when est_rouvert then 1 when not est_rouvert then 0 end as bigint) as nb_rouverts,
    cast(delai_minutes as bigint) as delai_minutes,
    cast(delai_minutes is not null as boolean) as a_delai,
    cast(minutes_attente is not null as boolean) as est_attente_connue
from {{ ref('int_assistance__tickets') }}
where poids = 1
