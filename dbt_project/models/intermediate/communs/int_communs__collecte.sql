select
    systeme || '/' || nom_table as source,
    exercice,
    systeme,
    nom_table,
    coalesce(est_attendue, false) as est_attendue,
    coalesce(est_acceptee, false) as est_acceptee,
    case
        when coalesce(est_acceptee, false) then 'reçue'
        when coalesce(est_attendue, false) then 'manquante'
        when coalesce(est_suivie, false) then 'facultative'
        else 'non suivie'
    end as statut,
    livraison,
    nb_lues,
    nb_acceptees,
    nb_refusees,
    nb_ignorees
from {{ source('collecte', 'tables') }}
