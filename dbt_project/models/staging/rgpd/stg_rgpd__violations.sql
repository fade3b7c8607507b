select
    reference_violation,
    date_constat,
    nature,
    nb_personnes,
    est_a_notifier,
    date_notification,
    exercice,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'rgpd__violations') }}
