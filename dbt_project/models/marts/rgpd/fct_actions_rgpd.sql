select
    cast(exercice as integer) as exercice,
    cast(reference_action as varchar) as reference_action,
    cast(date_action as date) as date_action,
    cast(type_action as varchar) as type_action,
    cast(intitule as varchar) as intitule,
    cast(public_vise as varchar) as public_vise,
    cast(nb_participants as bigint) as nb_participants,
    cast(etat as varchar) as etat
from {{ ref('int_rgpd__actions') }}
where poids = 1
