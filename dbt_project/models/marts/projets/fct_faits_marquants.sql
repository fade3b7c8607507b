select
    cast(exercice as integer) as exercice,
    cast(date_fait as date) as date_fait,
    cast(theme as string) as theme,
    cast(titre as string) as titre,
    cast(texte as string) as texte
from {{ ref('int_projets__faits_marquants') }}
where poids = 1
