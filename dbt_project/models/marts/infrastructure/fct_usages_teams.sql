select
    cast(exercice as integer) as exercice,
    {{ mois_et_date('exercice', 'month(mois)') }},
    cast(code_collectivite as string) as code_collectivite,
    cast(sum(nb_utilisateurs) as bigint) as nb_utilisateurs,
    cast(sum(nb_reunions) as bigint) as nb_reunions,
    cast(sum(nb_messages) as bigint) as nb_messages,
    cast(sum(nb_canaux) as bigint) as nb_canaux
from {{ ref('int_infrastructure__usages_teams') }}
where poids = 1
group by exercice, month(mois), code_collectivite
