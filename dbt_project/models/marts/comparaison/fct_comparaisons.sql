select
    cast(exercice as integer) as exercice,
    cast(rang as integer) as rang,
    cast(code_ratio as string) as code_ratio,
    cast(libelle_ratio as string) as libelle_ratio,
    cast(unite as string) as unite,
    cast(decimales as integer) as decimales,
    cast(code_classe as string) as code_classe,
    cast(libelle_classe as string) as libelle_classe,
    cast(valeur as decimal(20, 6)) as valeur,
    cast(motif_ecart as string) as motif_ecart,
    cast(nb_organisations as bigint) as nb_organisations,
    cast(premier_quartile as decimal(20, 6)) as premier_quartile,
    cast(mediane as decimal(20, 6)) as mediane,
    cast(troisieme_quartile as decimal(20, 6)) as troisieme_quartile,
    cast(organisations_ecartees as string) as organisations_ecartees
from {{ ref('int_comparaison__ratios') }}
