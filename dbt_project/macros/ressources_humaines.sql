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

{#
    The permanent agents of `effectifs` (fct_effectifs) by band of age and sex, as a table of the report: `borne` is the lower end of
    an agent's band, `libelle` its words, in SQL over a row. Two systems of bands are two tables: each counts everybody once.
#}
{% macro pyramide(effectifs, borne, libelle) -%}
with tranches as (
    select exercice, {{ borne }} as borne, {{ libelle }} as libelle_tranche, sexe, nb_agents
    from {{ effectifs }}
    where {{ est_permanent() }}
),

comptes as (
    select exercice, borne, libelle_tranche, sexe, sum(nb_agents) as nb_agents
    from tranches
    group by exercice, borne, libelle_tranche, sexe
)

select
    cast(exercice as integer) as exercice,
    cast(borne as integer) as tranche_age_ans,
    cast(libelle_tranche as string) as libelle_tranche,
    cast(sexe as string) as sexe,
    cast(case sexe when 'F' then 'Femmes' else 'Hommes' end as string) as libelle_sexe,
    cast(nb_agents as bigint) as nb_agents,
    cast({{ ratio('nb_agents * 100', 'sum(nb_agents) over (partition by exercice)', 0) }} as integer) as part_pct,
    {{ role_ligne() }}
from comptes
{%- endmacro %}

{#
    The permanent agents of `effectifs` (fct_effectifs) by statut and by answer to one question, as a table of the
    report: `est_oui` is the condition of one answer, `oui` and `non` are the code and the words of both, in the columns
    `code` and `libelle`; `parmi` is the condition that selects who is asked.
#}
{% macro deux_reponses(effectifs, est_oui, oui, non, code, libelle, parmi='true') -%}
with reponses as (
    select exercice, code_statut, case when {{ est_oui }} then '{{ oui[0] }}' else '{{ non[0] }}' end as {{ code }}, nb_agents
    from {{ effectifs }}
    where {{ est_permanent() }} and {{ parmi }}
),

comptes as (
    select
        exercice,
        case when grouping(code_statut) = 1 then 'tous' else code_statut end as code_statut,
        {{ code }},
        sum(nb_agents) as nb_agents
    from reponses
    group by grouping sets ((exercice, code_statut, {{ code }}), (exercice, {{ code }}))
)

select
    cast(comptes.exercice as integer) as exercice,
    cast(comptes.code_statut as string) as code_statut,
    cast(statuts.libelle_statut as string) as libelle_statut,
    cast(statuts.rang as integer) as rang,
    cast(comptes.{{ code }} as string) as {{ code }},
    cast(case comptes.{{ code }} when '{{ oui[0] }}' then '{{ oui[1] }}' else '{{ non[1] }}' end as string) as {{ libelle }},
    cast(comptes.nb_agents as bigint) as nb_agents,
    cast(
        {{ ratio('comptes.nb_agents * 100', 'sum(comptes.nb_agents) over (partition by comptes.exercice, comptes.code_statut)', 0) }}
        as integer
    ) as part_pct,
    {{ role_ligne({'comptes.code_statut': 'tous'}) }}
from comptes
inner join {{ statuts(['fonctionnaire', 'contractuel_permanent', 'tous']) }} on comptes.code_statut = statuts.code_statut
{%- endmacro %}
