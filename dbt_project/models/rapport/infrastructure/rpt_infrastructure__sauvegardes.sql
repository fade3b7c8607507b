select
    cast(exercice as integer) as exercice,
    cast(perimetre as string) as perimetre,
    cast(sum(nb_travaux) as bigint) as nb_travaux,
    cast(sum(nb_reussites) as bigint) as nb_reussites,
    cast({{ ratio('100 * sum(nb_reussites)', 'sum(nb_travaux)', 1) }} as decimal(18, 1)) as taux_reussite_pct,
    cast(sum(volume_go) as decimal(18, 2)) as volume_go,
    {{ role_ligne() }}
from {{ ref('fct_sauvegardes') }}
group by exercice, perimetre
