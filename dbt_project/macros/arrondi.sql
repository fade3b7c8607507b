{# An exact number rounded half-up (away from zero) to `decimals` places, as decimal(20, 6). NULL stays NULL, and so becomes what is out of range. #}
{% macro arrondi(expression, decimals) -%}
    try_cast(round(cast({{ expression }} as decimal(30, 6)), {{ decimals }}) as decimal(20, 6))
{%- endmacro %}

{# The same to a number of decimals given by a column, 0 to 6: no engine rounds a decimal by row. #}
{% macro arrondi_selon(expression, decimals) -%}
    case {{ decimals }}
        {%- for places in range(7) %}
        when {{ places }} then {{ arrondi(expression, places) }}
        {%- endfor %}
    end
{%- endmacro %}
