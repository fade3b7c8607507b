select
    exercice,
    reference_lien,
    lower(nature) as nature,
    origine,
    destination,
    operateur,
    debit_mbits,
    longueur_km,
    date_mise_en_service,
    date_resiliation,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'reseau__liens') }}
