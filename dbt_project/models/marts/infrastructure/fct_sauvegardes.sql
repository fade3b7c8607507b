-- A backup with a warning can be restored: it succeeded.
select
    cast(exercice as integer) as exercice,
    {{ mois_et_date('exercice', 'month(debut)') }},
    cast(perimetre as string) as perimetre,
    cast(count(*) as bigint) as nb_travaux,
    cast(count(*) filter (where statut in ('Réussite', 'Avertissement')) as bigint) as nb_reussites,
    cast(count(*) filter (where statut = 'Échec') as bigint) as nb_echecs,
    cast(sum(volume_go) as decimal(18, 2)) as volume_go
from {{ ref('int_infrastructure__sauvegardes') }}
where poids = 1
group by exercice, month(debut), perimetre
