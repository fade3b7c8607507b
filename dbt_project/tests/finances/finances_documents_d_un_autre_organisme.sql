-- The figures add up every counted document: one of another body would be counted with ours.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_documents_budgetaires'}}}) }}

select documents.document_id, documents.siren
from {{ ref('fct_documents_budgetaires') }} as documents
cross join {{ ref('stg_organisation__profil') }} as profil
where documents.siren <> profil.siren
