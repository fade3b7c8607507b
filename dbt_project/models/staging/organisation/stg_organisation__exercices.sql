select cast(exercice as integer) as exercice
from {{ source('organisation', 'exercices') }}
