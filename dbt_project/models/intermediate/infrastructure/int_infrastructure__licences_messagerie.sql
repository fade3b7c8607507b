select
    exercice,
    max(case rubrique when 'AccountsLimit' then nb_comptes end) as nb_licences_acquises,
    max(case rubrique when 'AccountsCount' then nb_comptes end) as nb_licences_utilisees
from {{ ref('stg_zimbra__licences') }}
group by exercice
