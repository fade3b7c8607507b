{# The join that reads a system's word: `alias`.code is the canon's code, NULL when no spelling is known. #}
{% macro lecture(nomenclature, expression, alias) -%}
left join {{ ref('int_rh__orthographes') }} as {{ alias }}
        on {{ alias }}.nomenclature = '{{ nomenclature }}'
        and {{ alias }}.orthographe = {{ orthographe(expression) }}
{%- endmacro %}

{# The form under which two spellings of a word are compared: that of a name, each word in the singular. #}
{% macro orthographe(expression) -%}
    {{ normalise_libelle(adapter.dispatch('au_singulier')('lower(' ~ expression ~ ')')) }}
{%- endmacro %}

{% macro duckdb__au_singulier(expression) -%}
    regexp_replace(
        regexp_replace({{ expression }}, 'aux([^a-zà-ÿœ]|$)', 'al\1', 'g'), '([a-zà-ÿœ][a-zà-ÿœ])[sx]([^a-zà-ÿœ]|$)', '\1\2', 'g'
    )
{%- endmacro %}

{% macro default__au_singulier(expression) -%}
    regexp_replace(
        regexp_replace({{ expression }}, 'aux([^a-zà-ÿœ]|$)', 'al$1'), '([a-zà-ÿœ][a-zà-ÿœ])[sx]([^a-zà-ÿœ]|$)', '$1$2'
    )
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
