select
    cast(code_application as varchar) as code_application,
    cast(indicateur as varchar) as indicateur,
    cast(rang_indicateur as integer) as rang_indicateur
from {{ ref('int_applications__indicateurs') }}
