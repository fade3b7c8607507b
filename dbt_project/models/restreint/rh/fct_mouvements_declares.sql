select
    cast(exercice as integer) as exercice,
    cast(sens as string) as sens_mouvement,
    cast(code_motif as string) as code_motif,
    cast(code_statut as string) as code_statut,
    cast(count(*) as bigint) as nb_agents
from {{ ref('int_rh__mouvements_dsn') }}
where poids = 1
group by exercice, sens, code_motif, code_statut
