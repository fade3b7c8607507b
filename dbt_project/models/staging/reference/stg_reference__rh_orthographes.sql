select
    nomenclature,
    orthographe,
    code
from {{ source('reference', 'rh_orthographes') }}
