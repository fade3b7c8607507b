-- The accounts of the year by chapter: the charts of revenue and expenditure. What was voted comes from the budgets of
-- the year: the accounts of some editors do not repeat it.
with lignes as (
    select * from {{ ref('fct_lignes_budgetaires') }} where section is not null
),

votes as (
    select
        exercice,
        siret,
        code_budget,
        section,
        sens,
        code_chapitre,
        sum(case when code_nature_decision = '01' then credits_ouverts_eur else 0 end) as budget_primitif_eur,
        sum(case when code_nature_decision <> '01' then credits_ouverts_eur else 0 end) as decisions_modificatives_eur
    from lignes
    where not est_compte_administratif
    group by all
),

budgets_primitifs as (
    select distinct exercice, siret, code_budget
    from {{ ref('fct_documents_budgetaires') }}
    where code_nature_decision = '01'
),

comptes as (
    select
        exercice,
        document_id,
        siret,
        code_budget,
        libelle_budget,
        type_budget,
        section,
        sens,
        code_chapitre,
        libelle_chapitre,
        code_chapitre_canonique,
        sum(credits_ouverts_eur) as credits_ouverts_eur,
        sum(realise_eur) as realise_eur,
        sum(restes_a_realiser_eur) as restes_a_realiser_eur
    from lignes
    where est_compte_administratif
    group by all
)

select
    cast(comptes.exercice as integer) as exercice,
    cast(comptes.document_id as varchar) as document_id,
    cast(comptes.libelle_budget as varchar) as libelle_budget,
    cast(comptes.type_budget as varchar) as type_budget,
    cast(comptes.section as varchar) as section,
    cast(comptes.sens as varchar) as sens,
    cast(comptes.code_chapitre as varchar) as code_chapitre,
    cast(comptes.libelle_chapitre as varchar) as libelle_chapitre,
    cast(comptes.code_chapitre_canonique as varchar) as code_chapitre_canonique,
    -- without a budget primitif nothing is known of what was voted; with one, a chapter that it leaves out has 0
    cast(
        case when budgets_primitifs.siret is not null then coalesce(votes.budget_primitif_eur, 0) end as decimal(18, 2)
    ) as budget_primitif_eur,
    cast(
        case when budgets_primitifs.siret is not null then coalesce(votes.decisions_modificatives_eur, 0) end
        as decimal(18, 2)
    ) as decisions_modificatives_eur,
    cast(comptes.credits_ouverts_eur as decimal(18, 2)) as credits_ouverts_eur,
    cast(comptes.realise_eur as decimal(18, 2)) as realise_eur,
    cast(comptes.restes_a_realiser_eur as decimal(18, 2)) as restes_a_realiser_eur,
    cast(
        case comptes.sens
            when 'dépense' then comptes.credits_ouverts_eur - comptes.realise_eur - comptes.restes_a_realiser_eur
        end as decimal(18, 2)
    ) as credits_annules_eur,
    {{ ratio('comptes.realise_eur * 100', 'comptes.credits_ouverts_eur', 2) }} as taux_realisation_pct
from comptes
left join votes
    on comptes.exercice = votes.exercice
    and comptes.siret = votes.siret
    and comptes.code_budget = votes.code_budget
    and comptes.section = votes.section
    and comptes.sens = votes.sens
    and comptes.code_chapitre = votes.code_chapitre
left join budgets_primitifs
    on comptes.exercice = budgets_primitifs.exercice
    and comptes.siret = budgets_primitifs.siret
    and comptes.code_budget = budgets_primitifs.code_budget
