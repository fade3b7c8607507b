select
    cast(code_application as string) as code_application,
    cast(libelle_application as string) as libelle_application,
    cast(domaine_metier as string) as domaine_metier,
    cast(rang_application as integer) as rang_application,
    cast(exercice_debut as integer) as exercice_debut,
    cast(exercice_fin as integer) as exercice_fin
from {{ ref('int_applications__applications') }}
