select
    code_application,
    indicateur,
    rang_indicateur
from {{ source('organisation', 'indicateurs') }}
