select
    cast(code as string) as code_chiffre,
    cast(exercice as integer) as exercice,
    cast(code_manquant as string) as code_manquant,
    cast(motif as string) as motif
from {{ ref('int_communs__absences') }}
