{#
    The exact median of a group's known values, as a decimal: the middle one, or half the sum of the two middle ones.
    `expression` is an exact number of at most 5 decimals. NULL when the group holds no value.

    The lower middle value of -x is the upper one of x, so that one exact function gives both: percentile_cont and median()
    would give doubles.
#}
{% macro mediane(expression) -%}
    cast(
        cast(
            percentile_disc(0.5) within group (order by {{ expression }})
            - percentile_disc(0.5) within group (order by -({{ expression }}))
            as decimal(20, 5)
        ) * cast(0.5 as decimal(2, 1)) as decimal(20, 6)
    )
{%- endmacro %}
