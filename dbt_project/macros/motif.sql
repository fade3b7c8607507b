{#
    Why a line does not count: the reason of the first condition that is true, NULL when it counts.

    Line-grain models keep every accepted line with its weight (poids: 1 counted, 0 not) and this reason, so that a
    figure can be traced down to the lines it counts and to those it leaves out. `reasons` maps a reason, in French, to
    its SQL condition, in order.
#}
{% macro motif(reasons) -%}
    case
        {%- for label, condition in reasons.items() %}
        when {{ condition }} then '{{ label }}'
        {%- endfor %}
    end
{%- endmacro %}

{#
    The same for a line about an application: unknown to the organisation, or outside the exercices in which it was in
    use. Expects int_applications__applications joined under the name `applications`.
#}
{% macro motif_application(exercice, reasons) -%}
    {%- set common = {
        'application inconnue': 'applications.code_application is null',
        'application hors service': 'not ' ~ exercice ~ ' between coalesce(applications.exercice_debut, ' ~ exercice
            ~ ') and coalesce(applications.exercice_fin, ' ~ exercice ~ ')',
    } -%}
    {%- do common.update(reasons) -%}
    {{ motif(common) }}
{%- endmacro %}
