-- union: several spellings of one name become the same once normalised.
select
    {{ normalise_libelle('orthographe') }} as orthographe,
    code_collectivite
from {{ source('organisation', 'collectivites_alias') }}
union
select
    {{ normalise_libelle('sigle') }} as orthographe,
    'syndicat' as code_collectivite
from {{ source('organisation', 'profil') }}
union
select
    {{ normalise_libelle('nom') }} as orthographe,
    'syndicat' as code_collectivite
from {{ source('organisation', 'profil') }}
