{#
    Which line a line set aside is the double of: the first of its window, as the trace names a line (`fichier, feuille « … »:ligne`).
    NULL for that first line itself. `relation` is the alias of the lines, where the select has several relations.
#}
{% macro double_de(window, relation='') -%}
    {%- set of = relation ~ '.' if relation else '' -%}
    case when row_number() over {{ window }} > 1 then
        first_value(
            {{ of }}_fichier || coalesce(', feuille « ' || {{ of }}_feuille || ' »', '') || ':' || {{ of }}_ligne
        ) over {{ window }}
    end
{%- endmacro %}
