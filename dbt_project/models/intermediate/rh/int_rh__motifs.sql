select sens, code_motif, libelle_motif, population, nature, fins_dsn, suspensions_dsn
from {{ source('reference', 'rh_motifs') }}
