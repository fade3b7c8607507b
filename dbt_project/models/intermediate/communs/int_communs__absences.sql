select
    code,
    exercice,
    code_manquant,
    motif,
    _livraison,
    _fichier,
    _ligne
from {{ ref('stg_absences__absences') }}
