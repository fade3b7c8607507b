select
    code_application,
    libelle_application,
    domaine_metier,
    exercice_debut,
    exercice_fin
from {{ ref('stg_organisation__applications') }}
