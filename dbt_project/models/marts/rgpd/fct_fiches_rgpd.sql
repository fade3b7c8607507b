select
    cast(exercice as integer) as exercice,
    cast(registre as string) as registre,
    cast(reference_fiche as string) as reference_fiche,
    cast(intitule as string) as intitule,
    cast(date_creation as date) as date_creation,
    cast(date_mise_a_jour as date) as date_mise_a_jour,
    cast(a_donnees_sensibles as boolean) as a_donnees_sensibles,
    cast(a_transfert_hors_ue as boolean) as a_transfert_hors_ue,
    cast(a_aipd as boolean) as a_aipd
from {{ ref('int_rgpd__fiches') }}
where poids = 1
