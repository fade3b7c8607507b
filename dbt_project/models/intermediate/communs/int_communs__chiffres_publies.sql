-- A printed number is compared at the precision at which it was printed: its decimals are counted in its text.
select
    figure_id as code,
    exercice,
    cast(value_text as decimal(20, 6)) as valeur_publiee,
    length(split_part(value_text, '.', 2)) as nb_decimales_publiees,
    -- a report that prints no number prints the mention instead; a blank cell is not applicable
    case when value_text is null then coalesce(published_text, '—') end as code_manquant_publie,
    unit as unite,
    published_text as texte_publie,
    note as remarque,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from {{ source('lake', 'published_reports__figures') }}
