select
    cast(exercice as integer) as exercice,
    cast(date_debut as date) as date_debut,
    cast(date_fin as date) as date_fin
from {{ ref('int_communs__exercices') }}
