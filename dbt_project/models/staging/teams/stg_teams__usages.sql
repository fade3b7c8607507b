select
    exercice,
    mois,
    collectivite as collectivite_saisie,
    nb_utilisateurs,
    nb_reunions,
    nb_messages,
    nb_canaux,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'teams__usages') }}
