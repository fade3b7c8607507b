select
    code,
    exercice,
    code_manquant,
    motif
from {{ ref('stg_absences__absences') }}
