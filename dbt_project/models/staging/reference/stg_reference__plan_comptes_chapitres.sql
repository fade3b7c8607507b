select
    declinaisons,
    chapitre as code_chapitre,
    section as code_section,
    cast(exercice_debut as integer) as exercice_debut,
    cast(exercice_fin as integer) as exercice_fin,
    libelle as libelle_chapitre
from {{ source('reference', 'plan_comptes_chapitres') }}
