select
    cast(code_collectivite as string) as code_collectivite,
    cast(libelle_collectivite as string) as libelle_collectivite,
    cast(type_collectivite as string) as type_collectivite,
    cast(siren as string) as siren,
    cast(nb_habitants as bigint) as nb_habitants,
    cast(annee_population as integer) as annee_population
from {{ ref('int_communs__collectivites') }}
