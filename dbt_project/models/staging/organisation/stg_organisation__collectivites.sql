select
    code_insee as code_collectivite,
    siren,
    nom as libelle_collectivite,
    type as type_collectivite,
    cast(population as bigint) as nb_habitants
from {{ source('organisation', 'collectivites') }}
