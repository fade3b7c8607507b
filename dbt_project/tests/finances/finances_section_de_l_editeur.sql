-- Some vendors write the section of a line: ours must be the same.
{{ config(severity='warn') }}

select ligne_id, section, code_section_editeur
from {{ ref('int_finances__lignes_budgetaires') }}
where
    section is not null
    and code_section_editeur is not null
    and code_section_editeur <> case section when 'fonctionnement' then 'F' else 'I' end
