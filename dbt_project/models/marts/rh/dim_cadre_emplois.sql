select
    cast(code_cadre_emplois as varchar) as code_cadre_emplois,
    cast(libelle_cadre_emplois as varchar) as libelle_cadre_emplois,
    cast(libelle_court as varchar) as libelle_court,
    cast(code_filiere as varchar) as code_filiere,
    cast(categorie as varchar) as categorie,
    cast(valide_du as date) as valide_du,
    cast(valide_au as date) as valide_au,
    cast(exercice_debut as integer) as exercice_debut,
    cast(exercice_fin as integer) as exercice_fin
from {{ ref('int_rh__cadres_emplois') }}
