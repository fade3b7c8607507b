-- Two budgets under one SIRET have two codes: two documents left for one decision of one SIRET deserve a look.
{{ config(severity='warn') }}

select siret, exercice, code_nature_decision, numero_decision, count(*) as nb_documents
from {{ ref('fct_documents_budgetaires') }}
group by siret, exercice, code_nature_decision, numero_decision
having count(*) > 1
