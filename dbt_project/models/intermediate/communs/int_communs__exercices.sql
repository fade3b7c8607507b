select
    exercice,
    make_date(exercice, 1, 1) as date_debut,
    make_date(exercice, 12, 31) as date_fin
from {{ source('organisation', 'exercices') }}
