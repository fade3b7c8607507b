select
    cast(exercice as integer) as exercice,
    cast(registre as string) as registre,
    cast(
        case registre
            when 'responsable' then 'Registre du responsable de traitement (art. 30-1)'
            else 'Registre du sous-traitant (art. 30-2)'
        end as string
    ) as libelle_registre,
    cast(count(*) as bigint) as nb_fiches,
    cast(count(*) filter (where year(date_creation) = exercice) as bigint) as nb_fiches_creees,
    cast(count(*) filter (where year(date_mise_a_jour) = exercice) as bigint) as nb_fiches_mises_a_jour,
    cast(case when count(a_donnees_sensibles) > 0 then count(*) filter (where a_donnees_sensibles) end as bigint) as nb_donnees_sensibles,
    cast(count(*) filter (where a_transfert_hors_ue) as bigint) as nb_transferts_hors_ue,
    cast(case when count(a_aipd) > 0 then count(*) filter (where a_aipd) end as bigint) as nb_aipd,
    {{ role_ligne() }}
from {{ ref('fct_fiches_rgpd') }}
group by exercice, registre
