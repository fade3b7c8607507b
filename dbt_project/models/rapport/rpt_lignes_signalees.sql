select
    cast(source as varchar) as source,
    cast(exercice as integer) as exercice,
    cast(motif as varchar) as motif,
    cast(est_comptee as boolean) as est_comptee,
    cast(nb_lignes as bigint) as nb_lignes
from {{ ref('fct_lignes_signalees') }}
