{#
    numerator / denominator, rounded half-up (away from zero) to `decimals` places, as decimal(20, 6).
    NULL when an operand is NULL, the denominator is 0 or the quotient out of range. Operands are exact numbers of at most 6 decimals.

    On DuckDB decimal / decimal is a double, so the division is made on integers: 2|n|·10^k + |d| over 2|d| is the
    half-up quotient, without any rounding before the last one.
#}
{% macro ratio(numerator, denominator, decimals=2) -%}
    {{ return(adapter.dispatch('ratio')(numerator, denominator, decimals)) }}
{%- endmacro %}

{% macro duckdb__ratio(numerator, denominator, decimals) -%}
    {%- set n = "cast(cast((" ~ numerator ~ ") as decimal(30, 6)) * 1000000 as hugeint)" -%}
    {%- set d = "cast(cast((" ~ denominator ~ ") as decimal(30, 6)) * 1000000 as hugeint)" -%}
    try_cast(
        cast(
            sign({{ n }}) * sign({{ d }})
            * ((2 * abs({{ n }}) * {{ 10 ** decimals }} + abs({{ d }})) // nullif(2 * abs({{ d }}), 0))
            as decimal(30, 0)
        ) * cast({{ '0.' ~ '0' * (decimals - 1) ~ '1' if decimals else '1' }} as decimal(7, {{ decimals }}))
        as decimal(20, 6)
    )
{%- endmacro %}

{# Engines whose decimal division stays decimal (PostgreSQL, Spark). #}
{% macro default__ratio(numerator, denominator, decimals) -%}
    try_cast(
        round(cast(({{ numerator }}) as decimal(30, 6)) / nullif(cast(({{ denominator }}) as decimal(30, 6)), 0), {{ decimals }})
        as decimal(20, 6)
    )
{%- endmacro %}
