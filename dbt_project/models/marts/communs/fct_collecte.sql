select
    cast(source as string) as source,
    cast(exercice as integer) as exercice,
    cast(systeme as string) as systeme,
    cast(nom_table as string) as nom_table,
    cast(est_attendue as boolean) as est_attendue,
    cast(est_acceptee as boolean) as est_acceptee,
    cast(statut as string) as statut,
    cast(livraison as string) as livraison,
    cast(nb_lues as bigint) as nb_lues,
    cast(nb_acceptees as bigint) as nb_acceptees,
    cast(nb_refusees as bigint) as nb_refusees,
    cast(nb_ignorees as bigint) as nb_ignorees
from {{ ref('int_communs__collecte') }}
