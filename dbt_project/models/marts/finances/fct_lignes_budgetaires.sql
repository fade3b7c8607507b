select
    cast(ligne_id as varchar) as ligne_id,
    cast(document_id as varchar) as document_id,
    cast(exercice as integer) as exercice,
    cast(siret as varchar) as siret,
    cast(code_budget as varchar) as code_budget,
    cast(libelle_budget as varchar) as libelle_budget,
    cast(type_budget as varchar) as type_budget,
    cast(code_nature_decision as varchar) as code_nature_decision,
    cast(nature_decision as varchar) as nature_decision,
    cast(numero_decision as varchar) as numero_decision,
    cast(est_compte_administratif as boolean) as est_compte_administratif,
    cast(nomenclature as varchar) as nomenclature,
    cast(section as varchar) as section,
    cast(sens as varchar) as sens,
    cast(code_chapitre as varchar) as code_chapitre,
    cast(libelle_chapitre as varchar) as libelle_chapitre,
    cast(compte as varchar) as compte,
    cast(libelle_compte as varchar) as libelle_compte,
    cast(type_operation as varchar) as type_operation,
    cast(code_fonction as varchar) as code_fonction,
    cast(code_operation as varchar) as code_operation,
    cast(est_compte_inconnu as boolean) as est_compte_inconnu,
    cast(anomalie as varchar) as anomalie,
    cast(credits_ouverts_eur as decimal(18, 2)) as credits_ouverts_eur,
    cast(realise_eur as decimal(18, 2)) as realise_eur,
    cast(restes_a_realiser_eur as decimal(18, 2)) as restes_a_realiser_eur,
    cast(case sens when 'recette' then realise_eur else -realise_eur end as decimal(18, 2)) as solde_realise_eur,
    cast(
        case sens when 'recette' then realise_eur + restes_a_realiser_eur else -realise_eur - restes_a_realiser_eur end
        as decimal(18, 2)
    ) as solde_avec_restes_eur,
    cast(_fichier as varchar) as fichier,
    cast(_ligne as bigint) as ligne
from {{ ref('int_finances__lignes_budgetaires') }}
where poids = 1
