select
    raison_sociale,
    prestation,
    a_clauses,
    date_envoi,
    date_retour,
    note_pct,
    conclusion,
    exercice,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'rgpd__sous_traitants') }}
