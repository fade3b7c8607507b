select
    nom_elu,
    prenom_elu,
    fonction,
    rang_vice_presidence,
    collectivite as collectivite_saisie,
    qualite,
    date_debut_mandat,
    date_fin_mandat,
    exercice,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'comite__membres') }}
