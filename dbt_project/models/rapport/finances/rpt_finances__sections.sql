-- Each counted document, section by section: a line whose account is unknown goes under « indéterminée ». What the
-- budgets of the year opened is part of the credits that its accounts state, once they do: the detail rows are then
-- those of the accounts. The rates are of the credits that may be carried out.
with lignes as (
    select
        *,
        -- unforeseen expenses, transfers between sections, sales: these chapters are voted, and never carried out
        code_chapitre in ('020', '021', '022', '023', '024')
        and sum(coalesce(realise_eur, 0)) over (partition by document_id, section, sens_budgetaire, code_chapitre) = 0
            as est_sans_execution
    from {{ ref('fct_lignes_documents') }}
),

sections as (
    select
        exercice,
        document_id,
        budget_id,
        siret,
        libelle_budget,
        type_budget,
        nature_decision,
        numero_decision,
        est_compte_administratif,
        coalesce(section, 'indéterminée') as section,
        sens_budgetaire,
        count(*) as nb_lignes,
        sum(credits_ouverts_eur) as credits_ouverts_eur,
        sum(realise_eur) as realise_eur,
        sum(restes_a_realiser_eur) as restes_a_realiser_eur,
        sum(case when est_sans_execution then 0 else credits_ouverts_eur end) as credits_executables_eur,
        sum(case when est_sans_execution or code_chapitre in ('001', '002') then 0 else credits_ouverts_eur end) as credits_propres_eur,
        -- 001 and 002: what the former year left, inside the amount above
        sum(case when code_chapitre in ('001', '002') then realise_eur when realise_eur is not null then 0 end) as realise_reporte_eur
    from lignes
    group by
        exercice, document_id, budget_id, siret, libelle_budget, type_budget, nature_decision, numero_decision, est_compte_administratif,
        coalesce(section, 'indéterminée'), sens_budgetaire
),

budgets as (
    select
        *,
        bool_or(est_compte_administratif and coalesce(credits_ouverts_eur <> 0, false))
            over (partition by exercice, budget_id)
            as dit_credits
    from sections
)

select
    cast(exercice as integer) as exercice,
    cast(document_id as string) as document_id,
    cast(siret as string) as siret,
    cast(libelle_budget as string) as libelle_budget,
    cast(type_budget as string) as type_budget,
    cast(nature_decision as string) as nature_decision,
    cast(numero_decision as string) as numero_decision,
    cast(section as string) as section,
    cast(sens_budgetaire as string) as sens_budgetaire,
    cast(nb_lignes as bigint) as nb_lignes,
    cast(credits_ouverts_eur as decimal(18, 2)) as credits_ouverts_eur,
    cast(realise_eur as decimal(18, 2)) as realise_eur,
    cast(restes_a_realiser_eur as decimal(18, 2)) as restes_a_realiser_eur,
    cast(realise_reporte_eur as decimal(18, 2)) as realise_reporte_eur,
    {{ ratio('100 * realise_eur', 'credits_executables_eur', 1) }} as taux_realisation_pct,
    {{ ratio('100 * (realise_eur - realise_reporte_eur)', 'credits_propres_eur', 1) }} as taux_sans_report_pct,
    {{ ratio('100 * (realise_eur + restes_a_realiser_eur)', 'credits_executables_eur', 1) }} as taux_avec_restes_pct,
    {{ role_ligne(dont='dit_credits and not est_compte_administratif') }}
from budgets
