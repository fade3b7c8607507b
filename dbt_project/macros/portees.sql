{#
    Which measures something is about, from the `axes` that it names (`|type_budget=annexe|`), for those of a relation: it
    is not about those whose filter keeps other values of an axis (`est_hors_filtre`); where a value is empty, it is
    about those that tell that axis apart (`est_indistinct`), by the columns `titres`; after a value, the same sign
    (`|type_ticket=incident=|`) keeps those that keep that value.
#}
{% macro portees(relation) -%}
    select
        code,
        axes,
        bool_or(not est_indistinct and not est_garde) as est_hors_filtre,
        bool_or(est_indistinct) as est_indistinct,
        {{ texte_joint("case when est_indistinct then '« ' || titre || ' » n’y figure pas' end", 'titre') }} as titres
    from (
        select
            filtres.code,
            nommes.axes,
            filtres.titre,
            bool_or(
                position('|' || filtres.colonne || '=|' in nommes.axes) > 0
                or position('|' || filtres.colonne || '=' || filtres.valeur || '=|' in nommes.axes) > 0
            ) as est_indistinct,
            bool_or(position('|' || filtres.colonne || '=' || filtres.valeur || '|' in nommes.axes) > 0) as est_garde
        from {{ ref('chiffres__filtres') }} as filtres
        inner join (select distinct axes from {{ relation }}) as nommes
            on position('|' || filtres.colonne || '=' in nommes.axes) > 0
        group by filtres.code, nommes.axes, filtres.colonne, filtres.titre
    ) as par_colonne
    group by code, axes
{%- endmacro %}
