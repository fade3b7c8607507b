select
    systeme,
    nom_table,
    cast(exercice as integer) as exercice,
    est_attendue,
    est_acceptee,
    livraison,
    cast(nb_lues as bigint) as nb_lues,
    cast(nb_acceptees as bigint) as nb_acceptees,
    cast(nb_refusees as bigint) as nb_refusees,
    cast(nb_ignorees as bigint) as nb_ignorees
from {{ source('collecte', 'tables') }}
