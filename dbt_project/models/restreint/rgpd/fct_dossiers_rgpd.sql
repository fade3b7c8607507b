select
    cast(exercice as integer) as exercice,
    cast(nature as string) as nature_dossier,
    cast(reference_dossier as string) as reference_dossier,
    cast(type_dossier as string) as type_dossier,
    cast(date_ouverture as timestamp) as date_ouverture,
    cast(date_limite as timestamp) as date_limite,
    cast(date_reponse as timestamp) as date_reponse,
    cast(est_dans_les_delais as boolean) as est_dans_les_delais,
    cast(date_connaissance as timestamp) as date_connaissance,
    cast(donnees_concernees as string) as donnees_concernees,
    cast(nb_personnes as bigint) as nb_personnes,
    cast(collectivites_concernees as string) as collectivites_concernees,
    cast(est_personnes_informees as boolean) as est_personnes_informees
from {{ ref('int_rgpd__dossiers') }}
where poids = 1
