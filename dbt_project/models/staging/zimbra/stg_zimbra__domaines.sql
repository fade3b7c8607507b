select
    exercice,
    domaine,
    nb_total as nb_comptes_annonces,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'zimbra__domaines') }}
