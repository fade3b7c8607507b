-- In an exercice, a cadre d'emplois has its category of 31 December.
with cadres as (
    select
        code_cadre_emplois,
        libelle_cadre_emplois,
        libelle_court,
        code_filiere,
        categorie,
        coalesce(valide_du, date '1900-01-01') as valide_du,
        coalesce(valide_au, date '9999-12-31') as valide_au
    from {{ source('reference', 'rh_cadres_emplois') }}
)

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
from cadres
