-- Every budget with a document in force, under the name that the latest one gives it.
with documents as (
    select
        *,
        row_number() over (
            partition by budget_id
            order by
                exercice desc nulls last, est_compte_administratif desc nulls last, date_document desc nulls last, document_id asc nulls last
        ) as rang
    from {{ ref('fct_documents_budgetaires') }}
)

select
    cast(budget_id as string) as budget_id,
    cast(siret as string) as siret,
    cast(code_budget as string) as code_budget,
    cast(libelle_budget as string) as libelle_budget,
    cast(type_budget as string) as type_budget,
    cast(siret_budget_principal as string) as siret_budget_principal
from documents
where rang = 1
