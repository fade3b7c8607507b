-- Users are counted here, not listed: a pseudonym is still personal data and stays in the intermediate layer.
select
    cast(exercice as integer) as exercice,
    cast(code_application as string) as code_application,
    cast(code_collectivite as string) as code_collectivite,
    cast(sum(poids) as bigint) as nb_utilisateurs
from {{ ref('int_applications__comptes') }}
where poids = 1
group by exercice, code_application, code_collectivite
