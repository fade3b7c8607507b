select
    sens,
    code as code_motif,
    libelle as libelle_motif,
    population,
    nature,
    fins_dsn,
    suspensions_dsn
from {{ source('reference', 'rh_motifs') }}
