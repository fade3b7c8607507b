select
    exercice,
    numero_edition,
    date_edition,
    collectivite,
    activite,
    nb_factures,
    nb_factures_annulees,
    montant_eur,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'multifact__factures') }}
