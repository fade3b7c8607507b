select
    figure_id as code,
    exercice,
    value_text as texte_valeur,
    unit as unite,
    published_text as texte_publie,
    note as remarque,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'published_reports__figures') }}
