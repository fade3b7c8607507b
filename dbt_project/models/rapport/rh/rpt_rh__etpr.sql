-- Full-time equivalents paid in the year: paid hours over 1,820 (35 hours, 52 weeks), of everybody paid at any time in it;
-- by category, of the permanent agents.
with comptes as (
    select
        exercice,
        'statut' as axe,
        case when grouping(code_statut) = 1 then 'tous' else code_statut end as code,
        sum(heures) as heures
    from {{ ref('fct_heures_remunerees') }}
    group by grouping sets ((exercice, code_statut), (exercice))
    union all
    select exercice, 'categorie' as axe, categorie as code, sum(heures) as heures
    from {{ ref('fct_heures_remunerees') }}
    where {{ est_permanent() }} and categorie is not null
    group by exercice, categorie
)

select
    cast(comptes.exercice as integer) as exercice,
    cast(comptes.axe as string) as axe,
    cast(comptes.code as string) as code,
    cast(coalesce(statuts.libelle_statut, 'Catégorie ' || comptes.code) as string) as libelle,
    cast(row_number() over (partition by comptes.exercice, comptes.axe order by statuts.rang nulls last, comptes.code nulls last) as integer)
        as rang,
    cast(comptes.heures as decimal(18, 2)) as heures,
    cast({{ ratio('comptes.heures', 1820, 2) }} as decimal(18, 2)) as etpr,
    cast(
        {{ ratio(
            'comptes.heures * 100',
            "sum(case when comptes.code <> 'tous' then comptes.heures end) over (partition by comptes.exercice, comptes.axe)", 0
        ) }} as integer
    ) as part_pct
from comptes
left join {{ statuts(['fonctionnaire', 'contractuel_permanent', 'contractuel_non_permanent', 'contractuel', 'tous']) }}
    on comptes.axe = 'statut' and comptes.code = statuts.code_statut
