select
    exercice,
    adresse,
    domaine,
    est_systeme,
    statut,
    date_creation,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'zimbra__comptes') }}
