select
    exercice,
    reference_travail,
    perimetre,
    type_sauvegarde,
    debut,
    fin,
    statut,
    volume_go,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'sauvegardes__travaux') }}
