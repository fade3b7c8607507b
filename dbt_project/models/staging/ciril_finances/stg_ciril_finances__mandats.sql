select
    exercice,
    exercice_comptable,
    code_budget,
    numero_bordereau,
    numero_piece,
    numero_ligne,
    date_emission,
    lower(type_piece) as type_piece,
    code_section,
    compte,
    code_fonction,
    montant_ht_eur,
    montant_ttc_eur,
    montant_budgetaire_eur,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'ciril_finances__mandats') }}
