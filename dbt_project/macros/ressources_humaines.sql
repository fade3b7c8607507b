{# The join that reads a system's word: `alias`.code is the canon's code, NULL when no spelling is known. #}
{% macro lecture(nomenclature, expression, alias) -%}
left join {{ ref('int_rh__orthographes') }} as {{ alias }}
        on {{ alias }}.nomenclature = '{{ nomenclature }}'
        and {{ alias }}.orthographe = {{ normalise_libelle(expression) }}
{%- endmacro %}

{#
    The rows of a table by statut, in the order of the report, as a relation `statuts` (code_statut, libelle_statut, rang).
    `tous` is the whole.
#}
{% macro statuts(codes) -%}
    {%- set libelles = {
        'fonctionnaire': 'Fonctionnaires',
        'contractuel_permanent': 'Contractuels permanents',
        'contractuel_permanent_cdi': 'dont contractuels permanents en CDI',
        'contractuel_non_permanent': 'Contractuels non permanents',
        'contractuel': 'Contractuels, sur emploi permanent ou non',
        'tous': 'Ensemble',
    } -%}
    (
        values
        {%- for code in codes %}
        ('{{ code }}', '{{ libelles[code] }}', {{ loop.index }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as statuts (code_statut, libelle_statut, rang)
{%- endmacro %}

{# Agents on a permanent post: what the report calls « agents permanents ». #}
{% macro est_permanent(code_statut='code_statut') -%}
    {{ code_statut }} in ('fonctionnaire', 'contractuel_permanent')
{%- endmacro %}
