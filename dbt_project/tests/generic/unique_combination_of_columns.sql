{# A model's key: no two rows hold the same values in `combination_of_columns`. A NULL equals a NULL here. #}
{% test unique_combination_of_columns(model, combination_of_columns) %}

select {{ combination_of_columns | join(', ') }}, count(*) as nb_lignes
from {{ model }}
group by {{ combination_of_columns | join(', ') }}
having count(*) > 1

{% endtest %}
