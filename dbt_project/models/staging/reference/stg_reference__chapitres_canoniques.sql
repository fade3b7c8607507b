select
    chapitre as code_chapitre,
    chapitre_canonique as code_chapitre_canonique,
    libelle_canonique as libelle_chapitre_canonique
from {{ source('reference', 'chapitres_canoniques') }}
