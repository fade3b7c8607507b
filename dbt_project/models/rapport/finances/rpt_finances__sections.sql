-- Each counted document, section by section: a line whose account is unknown stands under « indéterminée ».
select
    cast(exercice as integer) as exercice,
    cast(document_id as string) as document_id,
    cast(siret as string) as siret,
    cast(libelle_budget as string) as libelle_budget,
    cast(type_budget as string) as type_budget,
    cast(nature_decision as string) as nature_decision,
    cast(numero_decision as string) as numero_decision,
    cast(coalesce(section, 'indéterminée') as string) as section,
    cast(sens_budgetaire as string) as sens_budgetaire,
    cast(count(*) as bigint) as nb_lignes,
    cast(sum(credits_ouverts_eur) as decimal(18, 2)) as credits_ouverts_eur,
    cast(sum(realise_eur) as decimal(18, 2)) as realise_eur,
    cast(sum(restes_a_realiser_eur) as decimal(18, 2)) as restes_a_realiser_eur,
    -- 001 and 002: what the former year left, inside the amount above
    cast(
        sum(case when code_chapitre in ('001', '002') then realise_eur when realise_eur is not null then 0 end)
        as decimal(18, 2)
    ) as realise_reporte_eur,
    {{ role_ligne() }}
from {{ ref('fct_lignes_budgetaires') }}
group by
    exercice, document_id, siret, libelle_budget, type_budget, nature_decision, numero_decision,
    coalesce(section, 'indéterminée'), sens_budgetaire
