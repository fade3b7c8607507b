-- A voted budget is balanced, section by section; so are the transfers of a décision modificative. The accounts of the
-- year show the same credits. A warning: a budget may be voted with a surplus. A document that holds an unknown account
-- cannot be judged: that line is missing from a section.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'rpt_finances__sections'}}}) }}

select
    sections.document_id,
    sections.section,
    sum(case sections.sens when 'dépense' then credits_ouverts_eur else -credits_ouverts_eur end) as ecart_eur
from {{ ref('rpt_finances__sections') }} as sections
inner join {{ ref('fct_documents_budgetaires') }} as documents on sections.document_id = documents.document_id
where documents.nb_lignes_compte_inconnu = 0
group by sections.document_id, sections.section
having sum(case sections.sens when 'dépense' then credits_ouverts_eur else -credits_ouverts_eur end) <> 0
