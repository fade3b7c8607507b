select
    code_application,
    indicateur,
    rang_indicateur
from {{ ref('stg_organisation__indicateurs') }}
