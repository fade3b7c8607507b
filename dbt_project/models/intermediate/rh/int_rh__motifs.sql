select sens, code_motif, libelle_motif, population, nature, suspensions_dsn
from {{ ref('stg_reference__rh_motifs') }}
