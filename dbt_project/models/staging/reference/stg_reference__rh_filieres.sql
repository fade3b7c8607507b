select
    code as code_filiere,
    libelle as libelle_filiere,
    cast(rang as integer) as rang
from {{ source('reference', 'rh_filieres') }}
