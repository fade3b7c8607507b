select
    cast(exercice as integer) as exercice,
    cast(nature_lien as string) as nature_lien,
    cast(count(*) filter (where est_en_service_cloture) as bigint) as nb_liens,
    cast(sum(debit_mbits) filter (where est_en_service_ouverture) as bigint) as debit_ouverture_mbits,
    cast(sum(debit_mbits) filter (where est_en_service_cloture) as bigint) as debit_cloture_mbits,
    cast(sum(longueur_km) filter (where est_en_service_cloture) as decimal(18, 2)) as longueur_km,
    {{ role_ligne() }}
from {{ ref('fct_liens_reseau') }}
group by exercice, nature_lien
