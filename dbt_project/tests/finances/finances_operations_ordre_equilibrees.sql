-- What one section gives the other receives: 023 = 021, 042 = 040 crosswise, 041 and 043 within their section.
{{ config(severity='warn') }}

with totaux as (
    select
        document_id,
        sum(case when code_chapitre = '023' and sens = 'dépense' then credits_ouverts_eur else 0 end) as virement_donne,
        sum(case when code_chapitre = '021' and sens = 'recette' then credits_ouverts_eur else 0 end) as virement_recu,
        sum(case when code_chapitre = '042' and sens = 'dépense' then credits_ouverts_eur else 0 end) as d042,
        sum(case when code_chapitre = '040' and sens = 'recette' then credits_ouverts_eur else 0 end) as r040,
        sum(case when code_chapitre = '042' and sens = 'recette' then credits_ouverts_eur else 0 end) as r042,
        sum(case when code_chapitre = '040' and sens = 'dépense' then credits_ouverts_eur else 0 end) as d040,
        sum(case when code_chapitre = '041' and sens = 'dépense' then credits_ouverts_eur else 0 end) as d041,
        sum(case when code_chapitre = '041' and sens = 'recette' then credits_ouverts_eur else 0 end) as r041,
        sum(case when code_chapitre = '043' and sens = 'dépense' then credits_ouverts_eur else 0 end) as d043,
        sum(case when code_chapitre = '043' and sens = 'recette' then credits_ouverts_eur else 0 end) as r043
    from {{ ref('fct_lignes_budgetaires') }}
    group by document_id
)

select *
from totaux
where virement_donne <> virement_recu or d042 <> r040 or r042 <> d040 or d041 <> r041 or d043 <> r043
