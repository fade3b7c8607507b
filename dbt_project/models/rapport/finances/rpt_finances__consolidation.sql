-- What was done, by canonical chapter: a series over years whatever the chart of accounts, and the principal and annexe
-- budgets together, less what they paid one another. A payment is removed on both its sides, so that no result changes.
-- A kind of budget that has no accounts, or whose accounts are incomplete or do not say what was done, has no amount,
-- and neither has the total; a chapter that it does not use has 0.
with lignes as (
    select * from {{ ref('fct_lignes_documents') }}
    where est_compte_administratif and section is not null
),

-- missing accounts, of a known or an unknown kind of budget
absents as (
    select
        exercice,
        bool_or(position('|type_budget=annexe|' in axes) = 0) as sans_principal,
        bool_or(position('|type_budget=principal|' in axes) = 0) as sans_annexes
    from {{ ref('fct_collecte') }}
    where
        source = 'budget/lignes'
        and nature_morceau = 'document'
        and (est_attendue or est_recue)
        and not est_acceptee
        and position('|est_compte_administratif=false|' in axes) = 0
    group by exercice
),

dits as (
    select
        lignes.exercice,
        count(case when type_budget = 'principal' then 1 end) > 0
        and count(case when type_budget = 'principal' and realise_eur is null then 1 end) = 0
        and not coalesce(bool_or(absents.sans_principal), false) as dit_principal,
        count(case when type_budget = 'annexe' then 1 end) > 0
        and count(case when type_budget = 'annexe' and realise_eur is null then 1 end) = 0
        and not coalesce(bool_or(absents.sans_annexes), false) as dit_annexes,
        count(*) = count(realise_eur) and max(absents.exercice) is null as dit_tout,
        max(absents.exercice) is not null as est_incomplet
    from lignes
    left join absents on lignes.exercice = absents.exercice
    group by lignes.exercice
)

select
    cast(lignes.exercice as integer) as exercice,
    cast(section as string) as section,
    cast(sens_budgetaire as string) as sens_budgetaire,
    cast(code_chapitre_canonique as string) as code_chapitre_canonique,
    cast(max(libelle_chapitre_canonique) as string) as libelle_chapitre_canonique,
    cast(case when bool_and(dit_principal) then sum(case type_budget when 'principal' then realise_eur else 0 end) end as decimal(18, 2))
        as principal_eur,
    cast(case when bool_and(dit_annexes) then sum(case type_budget when 'annexe' then realise_eur else 0 end) end as decimal(18, 2))
        as annexes_eur,
    cast(case when bool_and(dit_tout) then sum(case when flux_reciproque is not null then realise_eur else 0 end) end as decimal(18, 2))
        as flux_reciproques_eur,
    cast(case when bool_and(dit_tout) then sum(case when flux_reciproque is null then realise_eur else 0 end) end as decimal(18, 2))
        as consolide_eur,
    cast(case when bool_or(est_incomplet) then 'm' end as string) as code_manquant,
    {{ role_ligne() }}
from lignes
inner join dits on lignes.exercice = dits.exercice
group by lignes.exercice, section, sens_budgetaire, code_chapitre_canonique
