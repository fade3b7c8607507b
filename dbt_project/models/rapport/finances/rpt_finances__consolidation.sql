-- What was done, by canonical chapter: a series over years whatever the plan of accounts, and the principal and annexe
-- budgets together, less what they paid one another. A payment leaves both its sides, so that no result changes.
with lignes as (
    select * from {{ ref('fct_lignes_budgetaires') }}
    where est_compte_administratif and section is not null
)

select
    cast(exercice as integer) as exercice,
    cast(section as string) as section,
    cast(sens as string) as sens,
    cast(code_chapitre_canonique as string) as code_chapitre_canonique,
    cast(max(libelle_chapitre_canonique) as string) as libelle_chapitre_canonique,
    cast(sum(case type_budget when 'principal' then realise_eur else 0 end) as decimal(18, 2)) as principal_eur,
    cast(sum(case type_budget when 'annexe' then realise_eur else 0 end) as decimal(18, 2)) as annexes_eur,
    cast(sum(case when flux_reciproque is not null then realise_eur else 0 end) as decimal(18, 2))
        as flux_reciproques_eur,
    cast(sum(case when flux_reciproque is null then realise_eur else 0 end) as decimal(18, 2)) as consolide_eur
from lignes
group by exercice, section, sens, code_chapitre_canonique
