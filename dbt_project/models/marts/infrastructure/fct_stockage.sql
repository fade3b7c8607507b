select
    cast(exercice as integer) as exercice,
    {{ mois_et_date('exercice', 'month(mois)') }},
    cast(code_collectivite as string) as code_collectivite,
    cast(sum(volume_go) as decimal(18, 2)) as volume_go,
    cast(case when count(*) = count(capacite_go) then sum(capacite_go) end as decimal(18, 2)) as capacite_go
from {{ ref('int_infrastructure__volumes_stockes') }}
where poids = 1
group by exercice, month(mois), code_collectivite
