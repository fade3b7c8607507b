select
    exercice,
    adresse,
    domaine,
    est_systeme,
    -- 0 is how the server says unlimited
    nullif(plafond_octets, 0) as plafond_octets,
    volume_octets,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'zimbra__quotas') }}
