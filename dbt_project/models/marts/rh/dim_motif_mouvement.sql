select
    cast(sens as string) as sens,
    cast(code_motif as string) as code_motif,
    cast(libelle_motif as string) as libelle_motif,
    cast(population as string) as population,
    cast(nature as string) as nature
from {{ ref('int_rh__motifs') }}
