-- What was consolidated for this organisation: a file of another's gives no row.
select
    cast(ratios.exercice as integer) as exercice,
    cast(ratios.rang as integer) as rang,
    cast(ratios.code_ratio as string) as code_ratio,
    cast(ratios.libelle_ratio as string) as libelle_ratio,
    cast(ratios.unite as string) as unite,
    cast(ratios.decimales as integer) as decimales,
    cast(ratios.code_classe as string) as code_classe,
    cast(ratios.libelle_classe as string) as libelle_classe,
    cast(ratios.code_classe = 'toutes' as boolean) as est_toutes_tailles,
    cast(ratios.valeur as decimal(20, 6)) as valeur,
    cast(ratios.motif_ecart as string) as motif_ecart,
    cast(ratios.nb_organisations as bigint) as nb_organisations,
    cast(ratios.premier_quartile as decimal(20, 6)) as premier_quartile,
    cast(ratios.mediane as decimal(20, 6)) as mediane,
    cast(ratios.troisieme_quartile as decimal(20, 6)) as troisieme_quartile,
    cast(ratios.organisations_ecartees as string) as organisations_ecartees,
    {{ role_ligne({'ratios.code_classe': 'toutes'}) }}
from {{ source('lake', 'comparaison__ratios') }} as ratios
inner join {{ ref('dim_collectivite') }} as organisation
    on organisation.code_collectivite = 'syndicat' and ratios.siren_organisation = organisation.siren
