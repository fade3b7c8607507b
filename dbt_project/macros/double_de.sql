{#
    Which line a set-aside line is the double of: the first of its window, in the form the trace uses for a line
    (`fichier, feuille « … »:ligne`). NULL for that first line itself. `relation` is the alias of the lines, when the
    select has several relations.
#}
{% macro double_de(window, relation='') -%}
    {%- set of = relation ~ '.' if relation else '' -%}
    case when row_number() over {{ window }} > 1 then
        first_value(
            {{ of }}_fichier || coalesce(', feuille « ' || {{ of }}_feuille || ' »', '') || ':' || {{ of }}_ligne
        ) over {{ window }}
    end
{%- endmacro %}
