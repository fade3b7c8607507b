-- What was done, by canonical chapter: a series over years whatever the plan of accounts, and the principal and annexe
-- budgets together, less what they paid one another. A payment leaves both its sides, so that no result changes. A kind of
-- budget that has no accounts, or of which some do not say what was done, has no amount; a chapter that it does not use has 0.
with lignes as (
    select * from {{ ref('fct_lignes_budgetaires') }}
    where est_compte_administratif and section is not null
),

dits as (
    select
        exercice,
        count(case when type_budget = 'principal' then 1 end) > 0
            and count(case when type_budget = 'principal' and realise_eur is null then 1 end) = 0 as dit_principal,
        count(case when type_budget = 'annexe' then 1 end) > 0
            and count(case when type_budget = 'annexe' and realise_eur is null then 1 end) = 0 as dit_annexes,
        count(*) = count(realise_eur) as dit_tout
    from lignes
    group by exercice
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
    {{ role_ligne() }}
from lignes
inner join dits on lignes.exercice = dits.exercice
group by lignes.exercice, section, sens_budgetaire, code_chapitre_canonique
