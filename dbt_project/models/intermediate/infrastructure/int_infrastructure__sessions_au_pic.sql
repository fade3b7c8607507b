-- The sessions that were open at the first moment of the year when most agents were connected, one per agent: the
-- detail behind the greatest number of agents connected at once, for anyone who wants to check it.
{{ config(materialized='table' if target.type == 'spark' else 'view') }}

with sessions as (
    select *
    from {{ ref('int_infrastructure__sessions_distantes') }}
    where poids = 1
),

-- Sessions of one agent that overlap are one stay: an agent is counted once, however many sessions they have open.
debuts as (
    select
        *,
        max(fin_utc) over (
            partition by exercice, identifiant
            order by debut_utc nulls last, fin_utc nulls last
            rows between unbounded preceding and 1 preceding
        ) as fin_precedente
    from sessions
    where fin_utc > debut_utc
),

sejours as (
    select exercice, identifiant, min(debut_utc) as debut_utc, max(fin_utc) as fin_utc
    from (
        select
            *,
            sum(case when fin_precedente >= debut_utc then 0 else 1 end) over (
                partition by exercice, identifiant
                order by debut_utc nulls last, fin_utc nulls last
                rows between unbounded preceding and current row
            ) as rang
        from debuts
    ) as numerotees
    group by exercice, identifiant, rang
),

variations as (
    select exercice, debut_utc as instant_utc, 1 as variation from sejours
    union all
    select exercice, fin_utc as instant_utc, -1 as variation from sejours
),

niveaux as (
    select
        exercice,
        instant_utc,
        sum(variation) over (partition by exercice order by instant_utc nulls last) as nb_agents
    from (
        select exercice, instant_utc, sum(variation) as variation
        from variations
        group by exercice, instant_utc
    ) as par_instant
),

pics as (
    select exercice, min(instant_utc) as instant_utc
    from (select *, max(nb_agents) over (partition by exercice) as pic from niveaux) as compares
    where nb_agents = pic
    group by exercice
),

au_pic as (
    select
        sessions.*,
        row_number() over doublons as rang,
        {{ double_de('doublons', 'sessions') }} as autre_session
    from sessions
    inner join pics
        on sessions.exercice = pics.exercice
        and sessions.debut_utc <= pics.instant_utc
        and sessions.fin_utc > pics.instant_utc
    window doublons as (
        partition by sessions.exercice, sessions.identifiant
        order by sessions.debut_utc nulls last, sessions._fichier nulls last, sessions._feuille nulls first, sessions._ligne nulls last
    )
)

select
    systeme,
    nom_table,
    exercice,
    identifiant,
    debut_utc,
    fin_utc,
    mode_fin,
    case when rang = 1 then 1 else 0 end as poids,
    case when rang = 1 then 'compté' else 'autre session du même agent' end as motif,
    autre_session as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from au_pic
