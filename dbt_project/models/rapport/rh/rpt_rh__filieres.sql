-- Permanent agents by filière and statut; the share of a filière without agents is blank, not 0 %.
with comptes as (
    select
        exercice,
        case when grouping(code_statut) = 1 then 'tous' else code_statut end as code_statut,
        case when grouping(code_filiere) = 1 then 'total' else code_filiere end as code_filiere,
        sum(nb_agents) as nb_agents
    from {{ ref('fct_effectifs') }}
    where {{ est_permanent() }} and code_filiere is not null
    group by grouping sets ((exercice, code_statut, code_filiere), (exercice, code_statut), (exercice, code_filiere), (exercice))
),

lignes as (
    select code_filiere, libelle_filiere, rang from {{ ref('dim_filiere') }}
    union all
    select 'total' as code_filiere, 'Total' as libelle_filiere, max(rang) + 1 as rang from {{ ref('dim_filiere') }}
),

exercices as (
    select distinct exercice from comptes
)

select
    cast(exercices.exercice as integer) as exercice,
    cast(lignes.code_filiere as string) as code_filiere,
    cast(lignes.libelle_filiere as string) as libelle_filiere,
    cast(lignes.rang as integer) as rang,
    cast(statuts.code_statut as string) as code_statut,
    cast(
        case statuts.code_statut when 'fonctionnaire' then 'Titulaire' when 'tous' then 'Tous' else 'Contractuel' end
        as string
    ) as libelle_statut,
    cast(coalesce(comptes.nb_agents, 0) as bigint) as nb_agents,
    cast({{ ratio('comptes.nb_agents * 100', 'totaux.nb_agents', 0) }} as integer) as part_pct,
    {{ role_ligne({'lignes.code_filiere': 'total', 'statuts.code_statut': 'tous'}) }}
from exercices
cross join lignes
cross join {{ statuts(['fonctionnaire', 'contractuel_permanent', 'tous']) }}
left join comptes
    on exercices.exercice = comptes.exercice
    and lignes.code_filiere = comptes.code_filiere
    and statuts.code_statut = comptes.code_statut
left join comptes as totaux
    on exercices.exercice = totaux.exercice
    and totaux.code_filiere = 'total'
    and statuts.code_statut = totaux.code_statut
