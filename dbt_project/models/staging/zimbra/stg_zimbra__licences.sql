select
    exercice,
    rubrique,
    -- -1 is how the server says without limit
    nullif(nombre, -1) as nb_comptes,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'zimbra__licences') }}
