select
    cast(exercice as integer) as exercice,
    cast(code_pole as string) as code_pole,
    cast(min(libelle_pole) as string) as libelle_pole,
    cast(etat as string) as etat,
    cast(count(*) as bigint) as nb_projets,
    {{ role_ligne() }}
from {{ ref('fct_projets') }}
group by exercice, code_pole, etat
