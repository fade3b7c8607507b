select
    cast(consolidation_id as varchar) as consolidation_id,
    cast(document_id as varchar) as document_id,
    cast(exercice as integer) as exercice,
    cast(siret as varchar) as siret,
    cast(section as varchar) as section,
    cast(sens as varchar) as sens,
    cast(credits_ouverts_eur as decimal(18, 2)) as credits_ouverts_eur,
    cast(realise_eur as decimal(18, 2)) as realise_eur,
    cast(restes_a_realiser_eur as decimal(18, 2)) as restes_a_realiser_eur,
    cast(_fichier as varchar) as fichier,
    cast(_ligne as bigint) as ligne
from {{ ref('int_finances__consolidations') }}
where poids = 1
