select
    cast(code as varchar) as code,
    cast(exercice as integer) as exercice,
    cast(code_manquant as varchar) as code_manquant,
    cast(motif as varchar) as motif
from {{ ref('int_communs__absences') }}
