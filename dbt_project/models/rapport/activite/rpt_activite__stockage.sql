select
    cast(stockage.exercice as integer) as exercice,
    {{ mois_et_date('stockage.exercice', 'stockage.mois') }},
    cast(stockage.code_collectivite as string) as code_collectivite,
    cast(collectivites.libelle_collectivite as string) as libelle_collectivite,
    cast(stockage.volume_go as decimal(18, 2)) as volume_go,
    cast({{ ratio('100 * stockage.volume_go', 'stockage.capacite_go', 1) }} as decimal(18, 1)) as taux_occupation_pct,
    {{ role_ligne() }}
from {{ ref('fct_stockage') }} as stockage
inner join {{ ref('dim_collectivite') }} as collectivites
    on stockage.code_collectivite = collectivites.code_collectivite
