select
    code_application,
    indicateur
from {{ ref('stg_organisation__indicateurs') }}
