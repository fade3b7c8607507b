select
    code_application,
    libelle as libelle_application,
    domaine as domaine_metier,
    cast(rang as integer) as rang_application,
    cast(debut as integer) as exercice_debut,
    cast(fin as integer) as exercice_fin
from {{ source('organisation', 'applications') }}
