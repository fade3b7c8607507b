select
    cast(exercice as integer) as exercice,
    cast(reference_projet as varchar) as reference_projet,
    cast(code_pole as varchar) as code_pole,
    cast(libelle_pole as varchar) as libelle_pole,
    cast(ordre as integer) as ordre,
    cast(titre as varchar) as titre,
    cast(description as varchar) as description,
    cast(axe as varchar) as axe,
    cast(collectivites as varchar) as collectivites,
    cast(nb_collectivites as bigint) as nb_collectivites,
    cast(date_debut as date) as date_debut,
    cast(date_fin as date) as date_fin,
    cast(etat as varchar) as etat
from {{ ref('int_projets__projets') }}
where poids = 1
