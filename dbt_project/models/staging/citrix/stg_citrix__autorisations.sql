select
    exercice,
    identifiant,
    collectivite as collectivite_saisie,
    date_ajout,
    est_actif,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'citrix__autorisations') }}
