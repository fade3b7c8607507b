select
    cast(exercice as integer) as exercice,
    cast(date_fait as date) as date_fait,
    cast(theme as varchar) as theme,
    cast(titre as varchar) as titre,
    cast(texte as varchar) as texte
from {{ ref('int_projets__faits_marquants') }}
where poids = 1
