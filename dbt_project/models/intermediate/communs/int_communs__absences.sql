select
    code,
    exercice,
    code_manquant,
    motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from {{ source('lake', 'absences__absences') }}
