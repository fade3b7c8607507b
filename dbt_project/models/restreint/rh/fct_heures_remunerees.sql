select
    cast(exercice as integer) as exercice,
    {{ mois_et_date('exercice', 'month(mois)') }},
    cast(code_statut as string) as code_statut,
    cast(categorie as string) as categorie_hierarchique,
    cast(sum(heures) as decimal(18, 2)) as heures
from {{ ref('int_rh__heures') }}
where poids = 1
group by exercice, month(mois), code_statut, categorie
