select
    reference_deliberation,
    date_deliberation,
    code_matiere,
    libelle_matiere,
    objet,
    nb_effectif,
    nb_votants,
    nb_pour,
    nb_contre,
    nb_abstentions,
    exercice,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'comite__deliberations') }}
