-- What a budget comes to, each amount once: a budget's decisions and its accounts repeat one another, so that its lines
-- are those of its accounts; of its budget primitif and decisions, as long as no accounts say what was opened.
with lignes as (
    select
        *,
        bool_or(est_compte_administratif and credits_ouverts_eur <> 0) over (partition by exercice, budget_id) as dit_credits
    from {{ ref('fct_lignes_documents') }}
)

select
    ligne_id, document_id, exercice, budget_id, siret, libelle_budget, type_budget, nature_decision, nomenclature, section, sens_budgetaire,
    code_chapitre, libelle_chapitre, code_chapitre_canonique, libelle_chapitre_canonique, compte, libelle_compte, type_operation,
    flux_reciproque, credits_ouverts_eur, realise_eur, restes_a_realiser_eur
from lignes
where est_compte_administratif or not dit_credits
