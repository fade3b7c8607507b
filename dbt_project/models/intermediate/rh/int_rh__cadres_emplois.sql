-- A cadre d'emplois bears, in an exercice, the category that it has on 31 December.
select
    code_cadre_emplois,
    libelle_cadre_emplois,
    libelle_court,
    code_filiere,
    categorie,
    valide_du,
    valide_au,
    year(valide_du) as exercice_debut,
    case when month(valide_au) = 12 and day(valide_au) = 31 then year(valide_au) else year(valide_au) - 1 end as exercice_fin
from {{ ref('stg_reference__rh_cadres_emplois') }}
