-- What a budget comes to, each amount once: a budget's decisions and its accounts repeat one another, so that its lines
-- are those of its accounts; of its budget primitif and decisions, as long as no accounts say what was opened.
with lignes as (
    select
        *,
        coalesce(
            bool_or(est_compte_administratif and credits_ouverts_eur <> 0) over (partition by exercice, budget_id), false
        ) as dit_credits
    from {{ ref('fct_lignes_documents') }}
)

select
    cast(ligne_id as string) as ligne_id,
    cast(document_id as string) as document_id,
    cast(exercice as integer) as exercice,
    cast(budget_id as string) as budget_id,
    cast(siret as string) as siret,
    cast(libelle_budget as string) as libelle_budget,
    cast(type_budget as string) as type_budget,
    cast(nature_decision as string) as nature_decision,
    cast(nomenclature as string) as nomenclature,
    cast(section as string) as section,
    cast(sens_budgetaire as string) as sens_budgetaire,
    cast(code_chapitre as string) as code_chapitre,
    cast(libelle_chapitre as string) as libelle_chapitre,
    cast(code_chapitre_canonique as string) as code_chapitre_canonique,
    cast(libelle_chapitre_canonique as string) as libelle_chapitre_canonique,
    cast(compte as string) as compte,
    cast(libelle_compte as string) as libelle_compte,
    cast(type_operation as string) as type_operation,
    cast(credits_ouverts_eur as decimal(18, 2)) as credits_ouverts_eur,
    cast(realise_eur as decimal(18, 2)) as realise_eur,
    cast(restes_a_realiser_eur as decimal(18, 2)) as restes_a_realiser_eur
from lignes
where est_compte_administratif or not dit_credits
