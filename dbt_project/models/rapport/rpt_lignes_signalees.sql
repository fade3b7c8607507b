select
    cast(source as string) as source,
    cast(exercice as integer) as exercice,
    cast(motif as string) as motif,
    cast(est_comptee as boolean) as est_comptee,
    cast(nb_lignes as bigint) as nb_lignes,
    {{ role_ligne() }}
from {{ ref('fct_lignes_signalees') }}
