-- Full-time equivalents paid in the year: paid hours over 1,820 (35 hours, 52 weeks), of everybody paid at any time in it.
with comptes as (
    select
        exercice,
        case when grouping(code_statut) = 1 then 'tous' else code_statut end as code_statut,
        sum(heures) as heures
    from {{ ref('fct_heures_remunerees') }}
    group by grouping sets ((exercice, code_statut), (exercice))
)

select
    cast(comptes.exercice as integer) as exercice,
    cast(comptes.code_statut as string) as code_statut,
    cast(statuts.libelle_statut as string) as libelle_statut,
    cast(row_number() over (partition by comptes.exercice order by statuts.rang nulls last) as integer) as rang,
    cast(comptes.heures as decimal(18, 2)) as heures,
    cast({{ ratio('comptes.heures', 1820, 2) }} as decimal(18, 2)) as etpr,
    cast(
        {{ ratio(
            'comptes.heures * 100',
            "sum(case when comptes.code_statut <> 'tous' then comptes.heures end) over (partition by comptes.exercice)", 0
        ) }} as integer
    ) as part_pct,
    {{ role_ligne({'comptes.code_statut': 'tous'}) }}
from comptes
inner join {{ statuts(['fonctionnaire', 'contractuel_permanent', 'contractuel_non_permanent', 'contractuel', 'tous']) }}
    on comptes.code_statut = statuts.code_statut
