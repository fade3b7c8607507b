select
    cast(bulletins.exercice as integer) as exercice,
    cast(bulletins.code_collectivite as string) as code_collectivite,
    cast(collectivites.libelle_collectivite as string) as libelle_collectivite,
    cast(sum(bulletins.nb_bulletins) as bigint) as nb_bulletins,
    {{ role_ligne() }}
from {{ ref('fct_bulletins') }} as bulletins
inner join {{ ref('dim_collectivite') }} as collectivites on bulletins.code_collectivite = collectivites.code_collectivite
group by bulletins.exercice, bulletins.code_collectivite, collectivites.libelle_collectivite
