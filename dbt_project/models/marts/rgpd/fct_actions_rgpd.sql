select
    cast(exercice as integer) as exercice,
    cast(reference_action as string) as reference_action,
    cast(date_action as date) as date_action,
    cast(type_action as string) as type_action,
    cast(intitule as string) as intitule,
    cast(public_vise as string) as public_vise,
    cast(nb_participants as bigint) as nb_participants,
    cast(etat as string) as etat,
    cast(date_echeance as date) as date_echeance
from {{ ref('int_rgpd__actions') }}
where poids = 1
