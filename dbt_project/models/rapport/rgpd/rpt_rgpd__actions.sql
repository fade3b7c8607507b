select
    cast(exercice as integer) as exercice,
    cast(row_number() over (partition by exercice order by date_action, reference_action) as integer) as rang,
    cast(date_action as date) as date_action,
    cast(type_action as varchar) as type_action,
    cast(intitule as varchar) as intitule,
    cast(public_vise as varchar) as public_vise,
    cast(nb_participants as bigint) as nb_participants,
    cast(etat as varchar) as etat
from {{ ref('fct_actions_rgpd') }}
