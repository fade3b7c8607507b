select
    reference_projet,
    pole as libelle_pole,
    ordre,
    titre,
    description,
    axe,
    collectivites as collectivites_saisies,
    date_debut,
    date_fin,
    etat,
    exercice,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'projets__projets') }}
