select
    code as code_cadre_emplois,
    libelle as libelle_cadre_emplois,
    libelle_court,
    filiere as code_filiere,
    categorie,
    coalesce(cast(valide_du as date), date '1900-01-01') as valide_du,
    coalesce(cast(valide_au as date), date '9999-12-31') as valide_au
from {{ source('reference', 'rh_cadres_emplois') }}
