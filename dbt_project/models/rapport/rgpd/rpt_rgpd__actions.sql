select
    cast(exercice as integer) as exercice,
    cast(row_number() over (partition by exercice order by date_action nulls last, reference_action nulls last) as integer) as rang,
    cast(date_action as date) as date_action,
    cast(type_action as string) as type_action,
    cast(intitule as string) as intitule,
    cast(public_vise as string) as public_vise,
    cast(nb_participants as bigint) as nb_participants,
    cast(etat as string) as etat,
    cast(date_echeance as date) as date_echeance,
    {{ role_ligne() }}
from {{ ref('fct_actions_rgpd') }}
