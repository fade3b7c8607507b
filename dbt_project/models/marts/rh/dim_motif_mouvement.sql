select
    cast(sens as string) as sens_mouvement,
    cast(code_motif as string) as code_motif,
    cast(libelle_motif as string) as libelle_motif,
    cast(population as string) as population,
    cast(nature as string) as nature_motif
from {{ ref('int_rh__motifs') }}
