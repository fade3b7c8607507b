select
    reference_demande,
    date_reception,
    droit,
    date_prolongation,
    date_reponse,
    exercice,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'rgpd__demandes') }}
