select
    cast(boites.exercice as integer) as exercice,
    cast(boites.code_collectivite as string) as code_collectivite,
    cast(collectivites.libelle_collectivite as string) as libelle_collectivite,
    cast(boites.nb_boites as bigint) as nb_boites,
    -- exact, so that it adds up
    cast(cast(boites.volume_octets as decimal(20, 0)) * cast(0.000000001 as decimal(10, 9)) as decimal(20, 9)) as volume_go,
    {{ role_ligne() }}
from {{ ref('fct_boites_messagerie') }} as boites
inner join {{ ref('dim_collectivite') }} as collectivites
    on boites.code_collectivite = collectivites.code_collectivite
