select
    volumes.exercice,
    volumes.mois,
    coalesce(orthographes.code_collectivite, 'inconnue') as code_collectivite,
    volumes.volume_go,
    volumes.capacite_go,
    case when year(volumes.mois) = volumes.exercice then 1 else 0 end as poids,
    case when year(volumes.mois) = volumes.exercice then 'compté' else 'hors période' end as motif,
    volumes._livraison,
    volumes._fichier,
    volumes._feuille,
    volumes._ligne
from {{ source('lake', 'stockage__volumes') }} as volumes
left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes
    on {{ normalise_libelle('volumes.collectivite') }} = orthographes.orthographe
