{#
    A row of a control, in the columns that every control has (docs/catalogue.md, « Controls »). `regle` is the
    code of a rule, or a column that holds one; every other argument is SQL over a row. `valeurs` maps the names that
    the rule's template uses, beyond the columns, to their SQL.

    What it takes away from every figure that uses the input (`effet`): `rien`; `réserve`, a part that nobody can
    count; `manque`, `nb_perdues` lines or, without a number, the whole input. The input is a table (`source`, `ou` by
    default; several with | between them), or some of its pieces (`piece`, several with | between them), or what its `axes` name
    (`|code_collectivite=orly|`; an empty value is about the figures that tell that column apart).
#}
{% macro constat(
    regle, ou, sujet='null', attendu='null', recu='null', ecart='null', effet='rien', severite="'alerte'", exercice='exercice',
    piece='null', periode='null', fichier='null', feuille='null', ligne='null', cle='null', valeurs={},
    source=none, axes='null', nb_perdues='null', montant_perdu='null'
) -%}
    cast({{ "'" ~ regle ~ "'" if regle == regle | upper else regle }} as string) as code_regle,
    cast({{ severite }} as string) as severite,
    cast({{ exercice }} as integer) as exercice,
    cast({{ ou }} as string) as ou,
    cast({{ sujet }} as string) as sujet,
    cast({{ attendu }} as string) as attendu,
    cast({{ recu }} as string) as recu,
    cast({{ ecart }} as decimal(28, 6)) as ecart,
    cast({{ "'" ~ effet ~ "'" if effet in ('rien', 'réserve', 'manque') else effet }} as string) as effet,
    cast({{ source or ou }} as string) as source,
    cast({{ piece }} as string) as piece,
    cast({{ axes }} as string) as axes,
    cast({{ nb_perdues }} as bigint) as nb_perdues,
    cast({{ montant_perdu }} as decimal(20, 2)) as montant_perdu_eur,
    cast({{ periode }} as string) as periode,
    cast({{ fichier }} as string) as fichier,
    cast({{ feuille }} as string) as feuille,
    cast({{ ligne }} as bigint) as ligne,
    cast({{ cle }} as string) as cle,
    cast({{ adapter.dispatch('objet_json')(valeurs) if valeurs else 'null' }} as string) as valeurs
{%- endmacro %}

{# The values of a row by name, as the text of a JSON object, those that are NULL too. #}
{% macro duckdb__objet_json(valeurs) -%}
    json_object({% for nom, valeur in valeurs.items() %}'{{ nom }}', {{ valeur }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro default__objet_json(valeurs) -%}
    to_json(
        named_struct({% for nom, valeur in valeurs.items() %}'{{ nom }}', {{ valeur }}{{ ', ' if not loop.last }}{% endfor %}),
        map('ignoreNullFields', 'false')
    )
{%- endmacro %}

{# A date as French writes it: 31/12/2020. NULL stays NULL. #}
{% macro jour_ecrit(jour) -%}
    lpad(cast(day({{ jour }}) as string), 2, '0') || '/' || lpad(cast(month({{ jour }}) as string), 2, '0') || '/' || cast(year({{ jour }}) as string)
{%- endmacro %}

{#
    The lines of a line-grain model that count, with the members that they are about: a column that the model does not
    have is NULL. `source` is the table that a line comes from, in SQL over the line.
#}
{% macro membres_des_lignes(relation, source) -%}
{%- set colonnes = adapter.get_columns_in_relation(relation) | map(attribute='name') | list if execute else [] -%}
select
    {{ source }} as source,
    exercice,
    {% for colonne in ('code_collectivite', 'code_application', '_fichier', '_feuille') -%}
    {{ colonne if colonne in colonnes else 'cast(null as string)' }} as {{ colonne }},
    {% endfor -%}
    {{ '_ligne' if '_ligne' in colonnes else 'cast(null as bigint)' }} as _ligne
from {{ relation }}
where poids = 1
{%- endmacro %}
