-- The chart of accounts used for each nomenclature and exercice of the documents: its own for that year; else the latest
-- before it whose form suits it, else the first after. What suits it: its own form, and the one form that a
-- nomenclature has in some years (M43 for M43_A); the developed form is used for documents that state no form, or one
-- without a known plan (M57 after 2021 is read by M57_D). Another form says less, or something else: it is used when
-- none suits.
with demandes as (
    select distinct exercice, declinaison, regexp_replace(declinaison, '_.*$', '') as famille
    from {{ ref('int_finances__documents') }}
),

candidats as (
    select
        demandes.exercice,
        demandes.declinaison,
        plans.declinaison as declinaison_plan,
        case
            when plans.exercice_debut <= demandes.exercice then least(plans.exercice_fin, demandes.exercice)
            else plans.exercice_debut
        end as exercice_plan,
        plans.declinaison = demandes.declinaison as est_la_sienne,
        plans.declinaison = demandes.famille as est_seule_forme,
        right(plans.declinaison, 2) = '_D' or right(plans.declinaison, 7) = 'SUP3500' as est_developpee,
        demandes.declinaison = demandes.famille
        or not bool_or(plans.declinaison = demandes.declinaison) over (partition by demandes.exercice, demandes.declinaison)
            as est_sans_forme
    from demandes
    inner join {{ ref('int_finances__plans_connus') }} as plans on demandes.famille = plans.famille
),

ranges as (
    select
        *,
        row_number() over (
            partition by exercice, declinaison
            order by
                case when est_la_sienne or est_seule_forme or (est_sans_forme and est_developpee) then 0 else 1 end nulls last,
                case when exercice_plan <= exercice then 0 else 1 end nulls last,
                abs(exercice_plan - exercice) nulls last,
                case when est_la_sienne then 0 when est_seule_forme then 1 when est_developpee then 2 else 3 end nulls last,
                declinaison_plan desc nulls last
        ) as rang
    from candidats
)

select exercice, declinaison, declinaison_plan, exercice_plan
from ranges
where rang = 1
