{# The name of a flow, as its file and its acknowledgement both write it: some keep the extension, or change the case. #}
{% macro nom_flux(colonne) -%}
    regexp_replace(lower(trim({{ colonne }})), '[.]xml$', '')
{%- endmacro %}
