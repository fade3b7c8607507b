-- The accounts of the year by chapter: the charts of revenue and expenditure.
select
    cast(exercice as integer) as exercice,
    cast(document_id as varchar) as document_id,
    cast(libelle_budget as varchar) as libelle_budget,
    cast(type_budget as varchar) as type_budget,
    cast(section as varchar) as section,
    cast(sens as varchar) as sens,
    cast(code_chapitre as varchar) as code_chapitre,
    cast(libelle_chapitre as varchar) as libelle_chapitre,
    cast(sum(credits_ouverts_eur) as decimal(18, 2)) as credits_ouverts_eur,
    cast(sum(realise_eur) as decimal(18, 2)) as realise_eur,
    cast(sum(restes_a_realiser_eur) as decimal(18, 2)) as restes_a_realiser_eur
from {{ ref('fct_lignes_budgetaires') }}
where est_compte_administratif and section is not null
group by exercice, document_id, libelle_budget, type_budget, section, sens, code_chapitre, libelle_chapitre
