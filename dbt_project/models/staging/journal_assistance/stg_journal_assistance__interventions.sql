select
    ticket,
    exercice,
    application as application_saisie,
    collectivite as collectivite_saisie,
    date_intervention,
    duree_jours,
    objet,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'journal_assistance__interventions') }}
