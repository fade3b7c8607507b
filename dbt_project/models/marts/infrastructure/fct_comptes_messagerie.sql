select
    cast(exercice as integer) as exercice,
    cast(code_collectivite as string) as code_collectivite,
    cast(count(*) as bigint) as nb_comptes,
    cast(count(*) filter (where statut = 'Actif') as bigint) as nb_comptes_actifs
from {{ ref('int_infrastructure__comptes_messagerie') }}
where poids = 1
group by exercice, code_collectivite
