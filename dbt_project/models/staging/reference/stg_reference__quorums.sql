select
    cast(date_debut as date) as date_debut,
    cast(date_fin as date) as date_fin,
    cast(diviseur as integer) as diviseur,
    cast(est_majorite_stricte as boolean) as est_majorite_stricte,
    regle,
    texte
from {{ source('reference', 'quorums') }}
