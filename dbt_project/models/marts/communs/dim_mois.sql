-- Twelve months for each exercice.
select
    cast(make_date(exercices.exercice, mois.mois, 1) as date) as date_mois,
    cast(exercices.exercice as integer) as exercice,
    cast(mois.mois as integer) as mois,
    cast(
        case mois.mois
            {%- for nom in ['janvier', 'février', 'mars', 'avril', 'mai', 'juin', 'juillet', 'août', 'septembre', 'octobre', 'novembre',
                'décembre'] %}
                when {{ loop.index }} then '{{ nom }}'
            {%- endfor %}
        end || ' ' || cast(exercices.exercice as string) as string
    ) as libelle_mois,
    cast(floor((mois.mois + 2) / 3) as integer) as trimestre
from {{ ref('dim_exercice') }} as exercices
cross join {{ douze_mois() }}
