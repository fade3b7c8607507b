-- The fields that a source does not give in an exercice: a figure that needs one is missing, and a block says so. Where only
-- some of its files lack one, `nb_lignes` are the lines of these: the figure is partial.
select
    source,
    exercice,
    champ,
    titre,
    nb_lignes
from {{ source('collecte', 'champs_absents') }}
