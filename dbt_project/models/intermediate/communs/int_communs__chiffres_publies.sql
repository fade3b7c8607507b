-- A printed number is compared at the precision at which it was printed: its decimals are counted in its text.
select
    code,
    exercice,
    cast(texte_valeur as decimal(20, 6)) as valeur_publiee,
    length(split_part(texte_valeur, '.', 2)) as nb_decimales_publiees,
    -- a report that prints no number prints the mention instead; a cell left blank has no object
    case when texte_valeur is null then coalesce(texte_publie, '—') end as code_manquant_publie,
    unite,
    texte_publie,
    remarque
from {{ ref('stg_published_reports__figures') }}
