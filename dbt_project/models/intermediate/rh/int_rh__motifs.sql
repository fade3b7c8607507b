select sens, code_motif, libelle_motif, population, nature, suspensions_dsn
from {{ source('reference', 'rh_motifs') }}
