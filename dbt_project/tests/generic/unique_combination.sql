{# A model's key: no two rows hold the same values in `columns`. A NULL equals a NULL here. #}
{% test unique_combination(model, columns) %}

select {{ columns | join(', ') }}, count(*) as nb_lignes
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
