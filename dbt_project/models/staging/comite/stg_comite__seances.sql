select
    date_seance,
    nature,
    lieu,
    nb_presents,
    nb_pouvoirs,
    est_seconde_convocation,
    est_quorum_declare,
    exercice,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'comite__seances') }}
