select
    code_application,
    indicateur
from {{ source('organisation', 'indicateurs') }}
