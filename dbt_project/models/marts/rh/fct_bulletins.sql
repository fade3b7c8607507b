select
    cast(exercice as integer) as exercice,
    cast(mois as date) as mois,
    cast(code_collectivite as string) as code_collectivite,
    cast(sum(nb_bulletins) as bigint) as nb_bulletins
from {{ ref('int_rh__bulletins') }}
where poids = 1
group by exercice, mois, code_collectivite
