select
    cast(code_application as string) as code_application,
    cast(indicateur as string) as indicateur,
    cast(rang_indicateur as integer) as rang_indicateur
from {{ ref('int_applications__indicateurs') }}
