select
    cast(exercice as integer) as exercice,
    cast(reference_deliberation as string) as reference_deliberation,
    cast(date_deliberation as date) as date_deliberation,
    cast(left(code_matiere, 1) as string) as classe_matiere,
    cast(libelle_matiere as string) as libelle_matiere,
    cast(objet as string) as objet,
    cast(nb_pour as bigint) as nb_pour,
    cast(nb_contre as bigint) as nb_contre,
    cast(nb_abstentions as bigint) as nb_abstentions,
    cast(est_adoptee as boolean) as est_adoptee,
    cast(est_unanime as boolean) as est_unanime,
    cast(
        case
            when est_unanime then 'unanimité'
            else
                nb_pour
                || ' pour'
                || case when nb_contre > 0 then ', ' || nb_contre || ' contre' else '' end
                || case when nb_abstentions > 1 then ', ' || nb_abstentions || ' abstentions' else '' end
                || case when nb_abstentions = 1 then ', 1 abstention' else '' end
        end as string
    ) as resultat_vote,
    {{ role_ligne() }}
from {{ ref('fct_deliberations') }}
