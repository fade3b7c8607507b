select
    usages.exercice,
    usages.mois,
    coalesce(orthographes.code_collectivite, 'inconnue') as code_collectivite,
    usages.nb_utilisateurs,
    usages.nb_reunions,
    usages.nb_messages,
    usages.nb_canaux,
    case when year(usages.mois) = usages.exercice then 1 else 0 end as poids,
    case when year(usages.mois) = usages.exercice then 'compté' else 'hors période' end as motif,
    usages._livraison,
    usages._fichier,
    usages._feuille,
    usages._ligne
from {{ source('lake', 'teams__usages') }} as usages
left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes
    on {{ normalise_libelle('usages.collectivite') }} = orthographes.orthographe
