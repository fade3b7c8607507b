select
    cast(consolidation_id as string) as consolidation_id,
    cast(document_id as string) as document_id,
    cast(exercice as integer) as exercice,
    cast(siret as string) as siret,
    cast(section as string) as section,
    cast(sens as string) as sens_budgetaire,
    cast(credits_ouverts_eur as decimal(18, 2)) as credits_ouverts_eur,
    cast(realise_eur as decimal(18, 2)) as realise_eur,
    cast(restes_a_realiser_eur as decimal(18, 2)) as restes_a_realiser_eur,
    cast(_fichier as string) as fichier,
    cast(_ligne as bigint) as ligne
from {{ ref('int_finances__consolidations') }}
where poids = 1
