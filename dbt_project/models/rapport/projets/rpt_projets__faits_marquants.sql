select
    cast(exercice as integer) as exercice,
    cast(row_number() over (partition by exercice order by date_fait nulls last, titre nulls last) as integer) as rang,
    cast(date_fait as date) as date_fait,
    cast(theme as string) as theme,
    cast(titre as string) as titre,
    cast(texte as string) as texte,
    {{ role_ligne() }}
from {{ ref('fct_faits_marquants') }}
