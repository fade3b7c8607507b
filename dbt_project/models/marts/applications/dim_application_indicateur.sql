select
    cast(code_application as varchar) as code_application,
    cast(indicateur as varchar) as indicateur
from {{ ref('int_applications__indicateurs') }}
