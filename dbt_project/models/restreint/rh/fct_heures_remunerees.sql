select
    cast(exercice as integer) as exercice,
    cast(mois as date) as mois,
    cast(code_statut as string) as code_statut,
    cast(categorie as string) as categorie,
    cast(sum(heures) as decimal(18, 2)) as heures
from {{ ref('int_rh__heures') }}
where poids = 1
group by exercice, mois, code_statut, categorie
