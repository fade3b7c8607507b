select
    declinaisons,
    compte,
    cast(exercice_debut as integer) as exercice_debut,
    cast(exercice_fin as integer) as exercice_fin,
    depense_reelle,
    depense_ordre_entre_sections,
    depense_ordre_interieure,
    recette_reelle,
    recette_ordre_entre_sections,
    recette_ordre_interieure,
    libelle as libelle_compte
from {{ source('reference', 'plan_comptes_comptes') }}
