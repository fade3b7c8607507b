select
    alias as orthographe,
    code_insee as code_collectivite
from {{ source('organisation', 'collectivites_alias') }}
