select
    cast(code_filiere as varchar) as code_filiere,
    cast(libelle_filiere as varchar) as libelle_filiere,
    cast(rang as integer) as rang
from {{ ref('int_rh__filieres') }}
