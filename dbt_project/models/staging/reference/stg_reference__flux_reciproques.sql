select
    norme,
    type_budget,
    sens as code_sens,
    compte,
    flux,
    cast(exercice_debut as integer) as exercice_debut,
    cast(exercice_fin as integer) as exercice_fin
from {{ source('reference', 'flux_reciproques') }}
