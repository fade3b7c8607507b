select
    cast(exercice as integer) as exercice,
    cast(nb_licences_acquises as bigint) as nb_licences_acquises,
    cast(nb_licences_utilisees as bigint) as nb_licences_utilisees
from {{ ref('int_infrastructure__licences_messagerie') }}
