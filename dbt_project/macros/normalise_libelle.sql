{#
    The form under which two spellings of a name are compared: no case, no accent, no hyphen, apostrophe or space.
    « Choisy-le-Roi », « CHOISY LE ROI » and « choisy  le roi » are one; NULL stays NULL.
#}
{% macro normalise_libelle(expression) -%}
    {{ return(adapter.dispatch('normalise_libelle')(expression)) }}
{%- endmacro %}

{% macro duckdb__normalise_libelle(expression) -%}
    regexp_replace(
        replace(replace(strip_accents(lower({{ expression }})), 'œ', 'oe'), 'æ', 'ae'), '[^a-z0-9]', '', 'g'
    )
{%- endmacro %}

{# Spark's regexp_replace replaces every match and takes no flags. #}
{% macro default__normalise_libelle(expression) -%}
    regexp_replace(
        replace(replace(translate(lower({{ expression }}), 'àâäáãåçéèêëíìîïñóòôöõúùûüýÿ', 'aaaaaaceeeeiiiinooooouuuuyy'), 'œ', 'oe'), 'æ', 'ae'),
        '[^a-z0-9]', ''
    )
{%- endmacro %}
