select
    cast(comptes.exercice as integer) as exercice,
    cast(comptes.code_collectivite as string) as code_collectivite,
    cast(collectivites.libelle_collectivite as string) as libelle_collectivite,
    cast(comptes.nb_comptes as bigint) as nb_licences,
    cast(comptes.nb_comptes_actifs as bigint) as nb_comptes_actifs,
    {{ role_ligne() }}
from {{ ref('fct_comptes_messagerie') }} as comptes
inner join {{ ref('dim_collectivite') }} as collectivites
    on comptes.code_collectivite = collectivites.code_collectivite
