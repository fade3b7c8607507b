{# True where a finding is about a piece: about some pieces, or about the whole of a source, which its delivery stands for. #}
{% macro porte_sur(constats, pieces) -%}
    {{ constats }}.source = {{ pieces }}.source
    and {{ constats }}.exercice = {{ pieces }}.exercice
    and case
        when {{ constats }}.piece is null then {{ pieces }}.nature = 'livraison'
        else position('|' || {{ pieces }}.piece || '|' in '|' || {{ constats }}.piece || '|') > 0
    end
{%- endmacro %}

{# A reason with the number of lines that it takes away, when that is known. #}
{% macro motif_compte(motif, nb_lignes) -%}
    {{ motif }} || coalesce(
        ' (' || cast({{ nb_lignes }} as string) || case when {{ nb_lignes }} > 1 then ' lignes)' else ' ligne)' end, ''
    )
{%- endmacro %}

{# The columns of a list that say nothing, as the axes of a finding. #}
{% macro axes_vides(colonnes) -%}
    {% for colonne in colonnes %}case when {{ colonne }} is null then '|{{ colonne }}=|' end{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}

{# Of the lines of each source and exercice: how many, the sum of their numbers, which changes with them, and the rank of each. #}
{% macro rangs_des_lignes() -%}
    count(*) over (partition by source, exercice) as nb_lignes,
    sum(_ligne) over (partition by source, exercice) as somme_numeros,
    row_number() over (
        partition by source, exercice order by _fichier nulls last, _feuille nulls first, _ligne nulls last
    ) as rang
{%- endmacro %}
