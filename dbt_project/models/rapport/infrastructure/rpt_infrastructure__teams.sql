-- An agent belongs to one collectivité: users add up across them, but not across months.
select
    cast(exercice as integer) as exercice,
    {{ mois_et_date('exercice', 'mois') }},
    cast(sum(nb_utilisateurs) as bigint) as nb_utilisateurs,
    cast(sum(nb_reunions) as bigint) as nb_reunions,
    cast(sum(nb_messages) as bigint) as nb_messages,
    cast(sum(nb_canaux) as bigint) as nb_canaux,
    {{ role_ligne() }}
from {{ ref('fct_usages_teams') }}
group by exercice, mois
