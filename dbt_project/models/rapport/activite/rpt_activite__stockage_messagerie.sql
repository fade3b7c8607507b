select
    cast(boites.exercice as integer) as exercice,
    cast(boites.code_collectivite as string) as code_collectivite,
    cast(collectivites.libelle_collectivite as string) as libelle_collectivite,
    cast(boites.nb_boites as bigint) as nb_boites,
    cast({{ ratio('boites.volume_octets', '1000000000', 1) }} as decimal(18, 1)) as volume_go,
    -- exact, so that it adds up
    cast(boites.volume_octets as bigint) as volume_octets,
    {{ role_ligne() }}
from {{ ref('fct_boites_messagerie') }} as boites
inner join {{ ref('dim_collectivite') }} as collectivites
    on boites.code_collectivite = collectivites.code_collectivite
