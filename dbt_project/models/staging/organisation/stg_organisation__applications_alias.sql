select
    alias as orthographe,
    code_application
from {{ source('organisation', 'applications_alias') }}
