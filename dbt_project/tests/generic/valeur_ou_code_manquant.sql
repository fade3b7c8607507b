{# Missing is never zero: a row holds either a value, or the code that says why there is none. #}
{% test valeur_ou_code_manquant(model) %}

select *
from {{ model }}
where (valeur is null) <> (code_manquant is not null)
    or (statut = 'manquant') <> (code_manquant is not null)

{% endtest %}
