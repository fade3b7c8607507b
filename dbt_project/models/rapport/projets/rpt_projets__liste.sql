select
    cast(exercice as integer) as exercice,
    cast(code_pole as string) as code_pole,
    cast(libelle_pole as string) as libelle_pole,
    cast(
        row_number() over (partition by exercice, code_pole order by ordre nulls last, reference_projet nulls last) as integer
    ) as rang,
    cast(reference_projet as string) as reference_projet,
    cast(titre as string) as titre,
    cast(description as string) as description,
    cast(axe as string) as axe,
    cast(collectivites as string) as collectivites,
    cast(nb_collectivites as bigint) as nb_collectivites,
    cast(date_debut as date) as date_debut,
    cast(date_fin as date) as date_fin,
    cast(etat as string) as etat,
    cast(date_fin_prevue as date) as date_fin_prevue,
    cast(cout_eur as decimal(18, 2)) as cout_eur,
    {{ role_ligne() }}
from {{ ref('fct_projets') }}
