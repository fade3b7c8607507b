-- How the permanent head count varied in the year, against the theoretical one of the 31 December before, which the
-- footnote of the report derives from the year's own movements: a contractuel appointed stagiaire passes from one statut
-- to the other and changes nothing in the whole.
with effectifs as (
    select
        exercice,
        case when grouping(code_statut) = 1 then 'tous' else code_statut end as code_statut,
        sum(nb_agents) as nb_agents
    from {{ ref('fct_effectifs') }}
    where {{ est_permanent() }}
    group by grouping sets ((exercice, code_statut), (exercice))
),

mouvements as (
    select
        exercice,
        case when grouping(code_statut) = 1 then 'tous' else code_statut end as code_statut,
        coalesce(sum(nb_agents) filter (where sens_mouvement = 'arrivee'), 0) as nb_arrivees,
        coalesce(sum(nb_agents) filter (where sens_mouvement = 'depart'), 0) as nb_departs
    from {{ ref('fct_mouvements') }}
    where est_permanent
    group by grouping sets ((exercice, code_statut), (exercice))
),

nominations as (
    select exercice, sum(nb_agents) as nb_nommes_stagiaires
    from {{ ref('fct_mouvements') }}
    where est_permanent and sens_mouvement = 'changement_statut'
    group by exercice
),

exercices as (
    select distinct exercice from effectifs
),

theoriques as (
    select
        exercices.exercice,
        statuts.code_statut,
        case when statuts.code_statut = 'contractuel_permanent' then 'Contractuels' else statuts.libelle_statut end
            as libelle_statut,
        statuts.rang,
        coalesce(effectifs.nb_agents, 0) as nb_agents,
        coalesce(mouvements.nb_arrivees, 0) as nb_arrivees,
        coalesce(mouvements.nb_departs, 0) as nb_departs,
        coalesce(nominations.nb_nommes_stagiaires, 0) as nb_nommes_stagiaires,
        coalesce(effectifs.nb_agents, 0) - coalesce(mouvements.nb_arrivees, 0) + coalesce(mouvements.nb_departs, 0)
        + case statuts.code_statut when 'fonctionnaire' then -1 when 'contractuel_permanent' then 1 else 0 end
        * coalesce(nominations.nb_nommes_stagiaires, 0) as nb_agents_theorique_precedent
    from exercices
    cross join {{ statuts(['fonctionnaire', 'contractuel_permanent', 'tous']) }}
    left join effectifs on exercices.exercice = effectifs.exercice and statuts.code_statut = effectifs.code_statut
    left join mouvements on exercices.exercice = mouvements.exercice and statuts.code_statut = mouvements.code_statut
    left join nominations on exercices.exercice = nominations.exercice
)

select
    cast(exercice as integer) as exercice,
    cast(code_statut as string) as code_statut,
    cast(libelle_statut as string) as libelle_statut,
    cast(rang as integer) as rang,
    cast(nb_agents as bigint) as nb_agents,
    cast(nb_arrivees as bigint) as nb_arrivees,
    cast(nb_departs as bigint) as nb_departs,
    cast(nb_nommes_stagiaires as bigint) as nb_nommes_stagiaires,
    cast(nb_agents_theorique_precedent as bigint) as nb_agents_theorique_precedent,
    cast(
        {{ ratio('(nb_agents - nb_agents_theorique_precedent) * 100', 'nb_agents_theorique_precedent', 1) }} as decimal(18, 1)
    ) as variation_pct,
    cast(
        case sign(nb_agents - nb_agents_theorique_precedent)
            when 1 then '↗'
            when -1 then '↘'
            else '➔'
        end as string
    ) as fleche,
    {{ role_ligne({'code_statut': 'tous'}) }}
from theoriques
