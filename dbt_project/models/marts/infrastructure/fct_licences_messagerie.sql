select
    cast(exercice as integer) as exercice,
    cast(max(case rubrique when 'AccountsLimit' then nb_comptes end) as bigint) as nb_licences_acquises,
    cast(max(case rubrique when 'AccountsCount' then nb_comptes end) as bigint) as nb_licences_utilisees
from {{ ref('int_infrastructure__licences_messagerie') }}
where poids = 1
group by exercice
