-- The greatest number of agents connected at once: the intervals of each agent are merged, so that somebody with two
-- sessions counts once, then the changes are added up in order of time. Intervals are [start, end): an agent who leaves
-- at the very second when another arrives is gone. The beginning of each month is a point of its own, for the sessions
-- that span it.
-- Counts only: no pseudonym leaves the intermediate layer.
with sessions as (
    select
        exercice,
        identifiant,
        mode_fin,
        -- the part of the session within the year
        greatest(debut_utc, {{ debut_mois_utc('exercice') }}) as debut_utc,
        least(fin_utc, {{ debut_mois_utc('exercice + 1') }}) as fin_utc
    from {{ ref('int_infrastructure__sessions_distantes') }}
    where poids = 1
),

fusions as (
    select
        *,
        case
            when debut_utc <= max(fin_utc) over (
                partition by exercice, identifiant
                order by debut_utc nulls last, fin_utc nulls last
                rows between unbounded preceding and 1 preceding
            ) then 0
            else 1
        end as est_nouvelle_presence
    from sessions
),

numerotees as (
    select
        *,
        sum(est_nouvelle_presence) over (
            partition by exercice, identifiant
            order by debut_utc nulls last, fin_utc nulls last
            rows between unbounded preceding and current row
        ) as numero_presence
    from fusions
),

presences as (
    select exercice, min(debut_utc) as debut_utc, max(fin_utc) as fin_utc
    from numerotees
    group by exercice, identifiant, numero_presence
),

mois_exercices as (
    select exercices.exercice, mois.mois
    from (select distinct exercice from sessions) as exercices
    cross join {{ douze_mois() }}
),

variations as (
    select exercice, debut_utc as instant_utc, 1 as variation
    from presences
    union all
    select exercice, fin_utc as instant_utc, -1 as variation
    from presences
    union all
    select
        exercice,
        {{ debut_mois_utc('exercice', 'mois') }} as instant_utc,
        0 as variation
    from mois_exercices
),

niveaux as (
    select
        exercice,
        {{ heure_de_paris('instant_utc') }} as instant,
        sum(variation) over (
            partition by exercice order by instant_utc nulls last, variation nulls last rows between unbounded preceding and current row
        ) as nb_agents
    from variations
),

pics as (
    select exercice, month(instant) as mois, max(nb_agents) as pic_agents_simultanes
    from niveaux
    where year(instant) = exercice
    group by exercice, month(instant)
),

-- without a list of those who may connect, nobody is known to connect without authorisation
listes as (
    select distinct exercice from {{ ref('int_infrastructure__autorisations') }}
),

totaux as (
    select
        sessions.exercice,
        month({{ heure_de_paris('sessions.debut_utc') }}) as mois,
        count(*) as nb_sessions,
        count(*) filter (where sessions.mode_fin <> 'fermeture') as nb_sessions_fin_estimee,
        count(distinct sessions.identifiant) as nb_agents,
        count(distinct sessions.identifiant) filter (where autorisations.identifiant is null) as nb_agents_non_autorises
    from sessions
    left join {{ ref('int_infrastructure__autorisations') }} as autorisations
        on sessions.exercice = autorisations.exercice
        and sessions.identifiant = autorisations.identifiant
        and autorisations.poids = 1
    group by sessions.exercice, month({{ heure_de_paris('sessions.debut_utc') }})
)

select
    cast(pics.exercice as integer) as exercice,
    {{ mois_et_date('pics.exercice', 'pics.mois') }},
    cast(pics.pic_agents_simultanes as bigint) as pic_agents_simultanes,
    cast(coalesce(totaux.nb_agents, 0) as bigint) as nb_agents,
    cast(case when listes.exercice is not null then coalesce(totaux.nb_agents_non_autorises, 0) end as bigint) as nb_agents_non_autorises,
    cast(coalesce(totaux.nb_sessions, 0) as bigint) as nb_sessions,
    cast(coalesce(totaux.nb_sessions_fin_estimee, 0) as bigint) as nb_sessions_fin_estimee
from pics
left join totaux on pics.exercice = totaux.exercice and pics.mois = totaux.mois
left join listes on pics.exercice = listes.exercice
