-- The fields that a source does not give in an exercice: a figure that needs one is missing, and a block says so. When
-- only some of its files are without one, `nb_lignes` counts their lines: the figure is partial.
select
    source,
    exercice,
    champ,
    titre,
    nb_lignes
from {{ source('collecte', 'champs_absents') }}
