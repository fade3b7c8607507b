select
    date_fait,
    theme,
    titre,
    texte,
    exercice,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'projets__faits_marquants') }}
