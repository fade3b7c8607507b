select code_filiere, libelle_filiere, rang
from {{ source('reference', 'rh_filieres') }}
