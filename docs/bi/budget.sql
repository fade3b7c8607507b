-- Budget by chapter, voted against realised, over the years. A sum of which a part is missing (accounts that did not come) is empty.
select
    exercice,
    type_budget,
    section,
    sens_budgetaire,
    code_chapitre_canonique,
    libelle_chapitre_canonique,
    case when count(*) = count(credits_ouverts_eur) then sum(credits_ouverts_eur) end as credits_ouverts_eur,
    case when count(*) = count(realise_eur) then sum(realise_eur) end as realise_eur
from rapport.rpt_finances__chapitres
where role_ligne = 'detail'
group by exercice, type_budget, section, sens_budgetaire, code_chapitre_canonique, libelle_chapitre_canonique
order by exercice, type_budget, section, sens_budgetaire, code_chapitre_canonique
