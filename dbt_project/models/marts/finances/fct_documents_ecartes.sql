-- What was received and enters no figure, and why.
select
    cast(document_id as varchar) as document_id,
    cast(exercice as integer) as exercice,
    cast(siret as varchar) as siret,
    cast(libelle_budget as varchar) as libelle_budget,
    cast(type_budget as varchar) as type_budget,
    cast(nature_decision as varchar) as nature_decision,
    cast(numero_decision as varchar) as numero_decision,
    cast(date_document as date) as date_document,
    cast(motif as varchar) as motif,
    cast(_fichier as varchar) as fichier,
    cast(_ligne as bigint) as ligne
from {{ ref('int_finances__documents') }}
where poids = 0
