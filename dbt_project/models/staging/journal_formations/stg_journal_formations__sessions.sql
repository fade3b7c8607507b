select
    reference_session,
    exercice,
    application as application_saisie,
    collectivite as collectivite_saisie,
    date_debut,
    date_fin,
    duree_jours,
    nb_participants,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'journal_formations__sessions') }}
