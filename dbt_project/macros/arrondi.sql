{# An exact number rounded half-up (away from zero) to `decimals` places, as decimal(20, 6). NULL stays NULL. #}
{% macro arrondi(expression, decimals) -%}
    cast(round(cast({{ expression }} as decimal(30, 6)), {{ decimals }}) as decimal(20, 6))
{%- endmacro %}
