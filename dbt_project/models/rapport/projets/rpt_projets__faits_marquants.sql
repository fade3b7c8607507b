select
    cast(exercice as integer) as exercice,
    cast(row_number() over (partition by exercice order by date_fait, titre) as integer) as rang,
    cast(date_fait as date) as date_fait,
    cast(theme as varchar) as theme,
    cast(titre as varchar) as titre,
    cast(texte as varchar) as texte
from {{ ref('fct_faits_marquants') }}
