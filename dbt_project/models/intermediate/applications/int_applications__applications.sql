select
    code_application,
    libelle_application,
    domaine_metier,
    rang_application,
    exercice_debut,
    exercice_fin
from {{ source('organisation', 'applications') }}
