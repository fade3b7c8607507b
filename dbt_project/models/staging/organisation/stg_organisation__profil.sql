select
    nom,
    sigle,
    siren,
    est_demonstration
from {{ source('organisation', 'profil') }}
