select
    exercice,
    rang,
    code_ratio,
    libelle_ratio,
    unite,
    decimales,
    code_classe,
    libelle_classe,
    code_classe = 'toutes' as est_toutes_tailles,
    valeur,
    motif_ecart,
    nb_organisations,
    premier_quartile,
    mediane,
    troisieme_quartile,
    organisations_ecartees,
    {{ role_ligne({'code_classe': 'toutes'}) }}
from {{ ref('fct_comparaisons') }}
