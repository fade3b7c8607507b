select
    cast(exercice as varchar) || '/' || _fichier || '#' || cast(numero_budget as varchar) || '/consolidation/' || cast(numero_element as varchar) as consolidation_id,
    cast(exercice as varchar) || '/' || _fichier || '#' || cast(numero_budget as varchar) as document_id,
    exercice,
    code_agregat,
    siret_agrege,
    groupe,
    code_section,
    code_sens,
    credits_ouverts_eur,
    realise_eur,
    restes_a_realiser_eur,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'budget__consolidations') }}
