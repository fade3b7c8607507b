select
    cast(code_collectivite as varchar) as code_collectivite,
    cast(libelle_collectivite as varchar) as libelle_collectivite,
    cast(type_collectivite as varchar) as type_collectivite,
    cast(siren as varchar) as siren,
    cast(nb_habitants as bigint) as nb_habitants
from {{ ref('int_communs__collectivites') }}
