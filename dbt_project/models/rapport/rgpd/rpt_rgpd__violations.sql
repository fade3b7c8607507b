select
    cast(exercice as integer) as exercice,
    cast(type_dossier as string) as atteinte,
    cast(count(*) as bigint) as nb_violations,
    cast(count(date_limite) as bigint) as nb_a_notifier,
    cast(count(date_reponse) as bigint) as nb_notifiees,
    cast(count(*) filter (where est_dans_les_delais) as bigint) as nb_dans_les_72_heures,
    cast(count(*) filter (where not est_dans_les_delais) as bigint) as nb_hors_delai,
    -- unknown as soon as one violation does not say whom it reached
    cast(case when count(*) = count(nb_personnes) then sum(nb_personnes) end as bigint) as nb_personnes,
    {{ role_ligne() }}
from {{ ref('fct_dossiers_rgpd') }}
where nature_dossier = 'violation'
group by exercice, type_dossier
