select
    cast(code_filiere as string) as code_filiere,
    cast(libelle_filiere as string) as libelle_filiere,
    cast(rang as integer) as rang
from {{ ref('int_rh__filieres') }}
