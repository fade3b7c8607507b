-- The cadres d'emplois of the permanent agents, the most frequent first; equal numbers in the order of their names.
with comptes as (
    select exercice, code_cadre_emplois, sum(nb_agents) as nb_agents
    from {{ ref('fct_effectifs') }}
    where {{ est_permanent() }} and code_cadre_emplois is not null
    group by exercice, code_cadre_emplois
)

select
    cast(comptes.exercice as integer) as exercice,
    cast(
        row_number() over (
            partition by comptes.exercice order by comptes.nb_agents desc nulls last, cadres.libelle_court asc nulls last
        ) as integer
    ) as rang,
    cast(comptes.code_cadre_emplois as string) as code_cadre_emplois,
    cast(cadres.libelle_court as string) as libelle_cadre_emplois,
    cast(cadres.categorie_hierarchique as string) as categorie_hierarchique,
    cast(comptes.nb_agents as bigint) as nb_agents,
    cast({{ ratio('comptes.nb_agents * 100', 'sum(comptes.nb_agents) over (partition by comptes.exercice)', 0) }} as integer)
        as part_pct,
    {{ role_ligne() }}
from comptes
inner join {{ ref('dim_cadre_emplois') }} as cadres
    on comptes.code_cadre_emplois = cadres.code_cadre_emplois
    and comptes.exercice between cadres.exercice_debut and cadres.exercice_fin
