-- The fields that no system gives, by source and exercice: a figure that needs one is missing, and a block says so.
select
    source,
    exercice,
    champ,
    titre
from {{ source('collecte', 'champs_absents') }}
