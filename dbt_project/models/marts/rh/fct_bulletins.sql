select
    cast(exercice as integer) as exercice,
    {{ mois_et_date('exercice', 'month(mois)') }},
    cast(code_collectivite as string) as code_collectivite,
    cast(sum(nb_bulletins) as bigint) as nb_bulletins
from {{ ref('int_rh__bulletins') }}
where poids = 1
group by exercice, month(mois), code_collectivite
