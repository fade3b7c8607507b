-- distinct: several spellings of one name become the same once normalised.
select distinct
    {{ normalise_libelle('orthographe') }} as orthographe,
    code_application
from {{ source('organisation', 'applications_alias') }}
