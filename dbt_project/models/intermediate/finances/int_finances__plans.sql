-- The plan of accounts that serves each nomenclature and exercice of the documents: its own of that year; else the latest
-- before it of the same nomenclature, whatever its form (M57 after 2021 is read by M57_D, M43_A by M43); else the first after.
with demandes as (
    select distinct exercice, declinaison, regexp_replace(declinaison, '_.*$', '') as famille
    from {{ ref('int_finances__documents') }}
),

candidats as (
    select
        demandes.exercice,
        demandes.declinaison,
        demandes.famille,
        plans.declinaison as declinaison_plan,
        case
            when plans.exercice_debut <= demandes.exercice then least(plans.exercice_fin, demandes.exercice)
            else plans.exercice_debut
        end as exercice_plan
    from demandes
    inner join {{ ref('int_finances__plans_connus') }} as plans on demandes.famille = plans.famille
),

ranges as (
    select
        *,
        row_number() over (
            partition by exercice, declinaison
            order by
                case when exercice_plan <= exercice then 0 else 1 end nulls last,
                abs(exercice_plan - exercice) nulls last,
                case
                    when declinaison_plan = declinaison then 0
                    when declinaison_plan = famille then 1
                    when right(declinaison_plan, 2) = '_D' or right(declinaison_plan, 7) = 'SUP3500' then 2
                    else 3
                end nulls last,
                declinaison_plan desc nulls last
        ) as rang
    from candidats
)

select exercice, declinaison, declinaison_plan, exercice_plan
from ranges
where rang = 1
