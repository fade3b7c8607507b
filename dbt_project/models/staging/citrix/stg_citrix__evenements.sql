select
    exercice,
    type_evenement,
    horodatage_utc,
    id_session,
    identifiant,
    type_client,
    debut_utc,
    methode_fermeture,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'citrix__evenements') }}
