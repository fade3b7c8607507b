select
    cast(sens as varchar) as sens,
    cast(code_motif as varchar) as code_motif,
    cast(libelle_motif as varchar) as libelle_motif,
    cast(population as varchar) as population,
    cast(nature as varchar) as nature
from {{ ref('int_rh__motifs') }}
