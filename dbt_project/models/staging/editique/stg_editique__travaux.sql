select
    exercice,
    reference_travail,
    date_travail,
    nature,
    collectivite as collectivite_saisie,
    nb_documents,
    nb_pages,
    nb_feuilles,
    est_mis_sous_pli,
    nb_plis,
    reprise_de,
    statut = 'Annulé' as est_annule,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'editique__travaux') }}
