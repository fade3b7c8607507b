-- What was received but enters no figure, and why.
select
    cast(document_id as string) as document_id,
    cast(exercice as integer) as exercice,
    cast(siret as string) as siret,
    cast(libelle_budget as string) as libelle_budget,
    cast(type_budget as string) as type_budget,
    cast(nature_decision as string) as nature_decision,
    cast(numero_decision as string) as numero_decision,
    cast(libelle_decision as string) as libelle_decision,
    cast(nomenclature as string) as nomenclature,
    cast(date_document as date) as date_document,
    cast(motif as string) as motif,
    cast(_fichier as string) as fichier,
    cast(_ligne as bigint) as ligne
from {{ ref('int_finances__documents') }}
where poids = 0
