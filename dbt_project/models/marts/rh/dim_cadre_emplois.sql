select
    cast(code_cadre_emplois as string) as code_cadre_emplois,
    cast(libelle_cadre_emplois as string) as libelle_cadre_emplois,
    cast(libelle_court as string) as libelle_court,
    cast(code_filiere as string) as code_filiere,
    cast(categorie as string) as categorie_hierarchique,
    cast(valide_du as date) as valide_du,
    cast(valide_au as date) as valide_au,
    cast(exercice_debut as integer) as exercice_debut,
    cast(exercice_fin as integer) as exercice_fin
from {{ ref('int_rh__cadres_emplois') }}
