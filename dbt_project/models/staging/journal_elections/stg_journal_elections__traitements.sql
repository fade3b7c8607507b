select
    reference_traitement,
    exercice,
    application as application_saisie,
    collectivite as collectivite_saisie,
    scrutin,
    date_traitement,
    travail,
    nb_documents,
    duree_jours,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'journal_elections__traitements') }}
