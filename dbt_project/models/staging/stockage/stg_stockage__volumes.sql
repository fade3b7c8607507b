select
    exercice,
    mois,
    collectivite as collectivite_saisie,
    volume_go,
    capacite_go,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'stockage__volumes') }}
