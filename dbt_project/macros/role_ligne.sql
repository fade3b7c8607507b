{#
    What a row of a table of `rapport` is, as its column `role_ligne`: `total` when a column of `ensembles` (column →
    its word for the whole) has that word, `dont` when the condition `dont` is true (a part of another row), else
    `detail`. Detail rows are disjoint: numbers are added over them alone.
#}
{% macro role_ligne(ensembles={}, dont='false') -%}
    cast(
        case
            {%- for column, whole in ensembles.items() %}
            when {{ column }} = '{{ whole }}' then 'total'
            {%- endfor %}
            when {{ dont }} then 'dont'
            else 'detail'
        end as string
    ) as role_ligne
{%- endmacro %}
