select
    code_application,
    indicateur,
    cast(rang as integer) as rang_indicateur
from {{ source('organisation', 'indicateurs') }}
