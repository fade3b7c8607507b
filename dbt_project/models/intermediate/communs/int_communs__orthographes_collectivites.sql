-- distinct: several spellings of one name become the same once normalised.
select distinct
    {{ normalise_libelle('orthographe') }} as orthographe,
    code_collectivite
from {{ ref('stg_organisation__collectivites_alias') }}
