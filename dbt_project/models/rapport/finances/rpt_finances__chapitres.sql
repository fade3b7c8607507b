-- What was voted and what was done by chapter: the charts of revenue and expenditure. What was voted comes from the
-- budgets of the year: the accounts of some vendors do not repeat it. A chapter is kept whichever of the two names it.
with documents as (
    select
        *,
        -- the accounts name the budget; until they arrive the first of its decisions does
        row_number() over (
            partition by exercice, siret, code_budget
            order by est_compte_administratif desc nulls last, code_nature_decision asc nulls last, document_id asc nulls last
        ) as rang
    from {{ ref('fct_documents_budgetaires') }}
),

budgets as (
    select
        exercice,
        siret,
        code_budget,
        bool_or(code_nature_decision = '01') as est_budget_primitif_recu,
        max(case when rang = 1 then document_id end) as document_id
    from documents
    group by exercice, siret, code_budget
),

lignes as (
    select
        exercice,
        siret,
        code_budget,
        section,
        sens_budgetaire,
        code_chapitre,
        coalesce(max(libelle_chapitre) filter (where est_compte_administratif), max(libelle_chapitre))
            as libelle_chapitre,
        coalesce(max(code_chapitre_canonique) filter (where est_compte_administratif), max(code_chapitre_canonique))
            as code_chapitre_canonique,
        sum(credits_ouverts_eur) filter (where code_nature_decision = '01') as primitif_eur,
        sum(credits_ouverts_eur) filter (where code_nature_decision <> '01' and not est_compte_administratif)
            as modifications_eur,
        sum(credits_ouverts_eur) filter (where est_compte_administratif) as credits_des_comptes_eur,
        sum(realise_eur) filter (where est_compte_administratif) as realise_eur,
        sum(restes_a_realiser_eur) filter (where est_compte_administratif) as restes_a_realiser_eur
    from {{ ref('fct_lignes_documents') }}
    where section is not null
    group by exercice, siret, code_budget, section, sens_budgetaire, code_chapitre
),

votes as (
    select
        lignes.*,
        budgets.document_id,
        -- without a budget primitif nothing is known of what was voted; with one, a chapter that it leaves out has 0
        case when budgets.est_budget_primitif_recu then coalesce(lignes.primitif_eur, 0) end as budget_primitif_eur,
        case when budgets.est_budget_primitif_recu then coalesce(lignes.modifications_eur, 0) end
            as decisions_modificatives_eur
    from lignes
    inner join budgets
        on lignes.exercice = budgets.exercice
        and lignes.siret = budgets.siret
        and lignes.code_budget = budgets.code_budget
),

chapitres as (
    select
        *,
        -- unforeseen expenses, transfers between sections, sales: these chapters are voted, and never carried out
        case when code_chapitre not in ('020', '021', '022', '023', '024') or realise_eur <> 0 then realise_eur end
            as execution_eur,
        coalesce(credits_des_comptes_eur, budget_primitif_eur + decisions_modificatives_eur) as credits_ouverts_eur
    from votes
)

select
    cast(chapitres.exercice as integer) as exercice,
    cast(chapitres.document_id as string) as document_id,
    cast(documents.libelle_budget as string) as libelle_budget,
    cast(documents.type_budget as string) as type_budget,
    cast(chapitres.section as string) as section,
    cast(chapitres.sens_budgetaire as string) as sens_budgetaire,
    cast(chapitres.code_chapitre as string) as code_chapitre,
    cast(chapitres.libelle_chapitre as string) as libelle_chapitre,
    cast(chapitres.code_chapitre_canonique as string) as code_chapitre_canonique,
    cast(series.libelle_chapitre_canonique as string) as libelle_chapitre_canonique,
    cast(chapitres.budget_primitif_eur as decimal(18, 2)) as budget_primitif_eur,
    cast(chapitres.decisions_modificatives_eur as decimal(18, 2)) as decisions_modificatives_eur,
    cast(chapitres.credits_ouverts_eur as decimal(18, 2)) as credits_ouverts_eur,
    cast(chapitres.execution_eur as decimal(18, 2)) as realise_eur,
    cast(chapitres.restes_a_realiser_eur as decimal(18, 2)) as restes_a_realiser_eur,
    cast(
        case chapitres.sens_budgetaire
            when 'dépense'
                then chapitres.credits_ouverts_eur - chapitres.realise_eur - chapitres.restes_a_realiser_eur
        end as decimal(18, 2)
    ) as credits_annules_eur,
    {{ ratio('chapitres.execution_eur * 100', 'chapitres.credits_ouverts_eur', 2) }} as taux_realisation_pct,
    {{ role_ligne() }}
from chapitres
inner join documents on chapitres.document_id = documents.document_id
left join {{ ref('dim_chapitre') }} as series on chapitres.code_chapitre_canonique = series.code_chapitre_canonique
