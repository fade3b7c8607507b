select
    cast(exercice as integer) as exercice,
    cast(row_number() over (partition by exercice order by date_ouverture nulls last, reference_dossier nulls last) as integer) as rang,
    cast(reference_dossier as string) as reference_violation,
    cast(type_dossier as string) as atteinte,
    cast(date_ouverture as date) as date_constat,
    cast(date_connaissance as date) as date_connaissance,
    cast(donnees_concernees as string) as donnees_concernees,
    cast(nb_personnes as bigint) as nb_personnes,
    cast(collectivites_concernees as string) as collectivites_concernees,
    cast(est_personnes_informees as boolean) as est_personnes_informees,
    cast(
        case
            when date_limite is null then 'non requise'
            when date_reponse is null then 'non faite'
            when est_dans_les_delais then 'faite dans le délai'
            else 'faite hors délai'
        end as string
    ) as notification,
    cast(date_reponse as date) as date_notification,
    {{ role_ligne() }}
from {{ ref('fct_dossiers_rgpd') }}
where nature_dossier = 'violation'
