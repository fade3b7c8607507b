select code_filiere, libelle_filiere, rang
from {{ ref('stg_reference__rh_filieres') }}
