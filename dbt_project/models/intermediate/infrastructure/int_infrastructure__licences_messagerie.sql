select
    exercice,
    rubrique,
    -- -1 is how the server says without limit
    nullif(nombre, -1) as nb_comptes,
    case when rubrique in ('AccountsLimit', 'AccountsCount') then 1 else 0 end as poids,
    case when rubrique in ('AccountsLimit', 'AccountsCount') then 'compté' else 'autre rubrique de la licence' end
        as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from {{ source('lake', 'zimbra__licences') }}
