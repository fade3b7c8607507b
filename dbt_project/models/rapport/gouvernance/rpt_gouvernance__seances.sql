with votes as (
    select
        exercice,
        date_deliberation,
        count(*) as nb_deliberations,
        count(*) filter (where est_adoptee) as nb_adoptees,
        count(*) filter (where est_unanime) as nb_unanimes
    from {{ ref('fct_deliberations') }}
    group by exercice, date_deliberation
)

select
    cast(seances.exercice as integer) as exercice,
    cast(seances.date_seance as date) as date_seance,
    cast(seances.nature_seance as string) as nature_seance,
    cast(seances.lieu as string) as lieu,
    cast(seances.nb_en_exercice as bigint) as nb_en_exercice,
    cast(seances.nb_presents as bigint) as nb_presents,
    cast(seances.nb_pouvoirs as bigint) as nb_pouvoirs,
    cast(seances.quorum_requis as bigint) as quorum_requis,
    cast(seances.regle_quorum as string) as regle_quorum,
    cast(seances.texte_quorum as string) as texte_quorum,
    cast(seances.est_quorum_atteint as boolean) as est_quorum_atteint,
    cast(seances.est_quorum_declare as boolean) as est_quorum_declare,
    cast(coalesce(votes.nb_deliberations, 0) as bigint) as nb_deliberations,
    cast(coalesce(votes.nb_adoptees, 0) as bigint) as nb_adoptees,
    cast(coalesce(votes.nb_unanimes, 0) as bigint) as nb_unanimes,
    {{ role_ligne() }}
from {{ ref('fct_seances') }} as seances
left join votes
    on seances.exercice = votes.exercice and seances.date_seance = votes.date_deliberation
