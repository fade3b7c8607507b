select
    cast(exercice as integer) as exercice,
    cast(code_collectivite as string) as code_collectivite,
    cast(count(*) as bigint) as nb_boites,
    cast(sum(volume_octets) as bigint) as volume_octets
from {{ ref('int_infrastructure__boites') }}
where poids = 1
group by exercice, code_collectivite
