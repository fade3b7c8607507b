-- Findings: the lines that the chart of accounts does not place, with their position. Those that their chapter of vote
-- does not place either are in no total of a section.
select
    cast(ligne_id as string) as ligne_id,
    cast(exercice as integer) as exercice,
    cast(siret as string) as siret,
    cast(libelle_budget as string) as libelle_budget,
    cast(nature_decision as string) as nature_decision,
    cast(numero_decision as string) as numero_decision,
    cast(nomenclature as string) as nomenclature,
    cast(compte as string) as compte,
    cast(sens_budgetaire as string) as sens_budgetaire,
    cast(anomalie as string) as anomalie,
    cast(credits_ouverts_eur as decimal(18, 2)) as credits_ouverts_eur,
    cast(realise_eur as decimal(18, 2)) as realise_eur,
    cast(fichier as string) as fichier,
    cast(ligne as bigint) as ligne,
    {{ role_ligne() }}
from {{ ref('fct_lignes_documents') }}
where anomalie is not null
