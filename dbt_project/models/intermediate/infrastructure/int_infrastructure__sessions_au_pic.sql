-- The sessions that were open at the first moment of the year when most agents were connected, one an agent: what the
-- greatest number of agents connected at once is made of, for whoever wants to check it.
{{ config(materialized='view') }}

with sessions as (
    select *
    from {{ ref('int_infrastructure__sessions_distantes') }}
    where poids = 1
),

niveaux as (
    select
        arrivees.exercice,
        arrivees.debut_utc as instant_utc,
        count(distinct presentes.identifiant) as nb_agents
    from sessions as arrivees
    inner join sessions as presentes
        on arrivees.exercice = presentes.exercice
        and presentes.debut_utc <= arrivees.debut_utc
        and presentes.fin_utc > arrivees.debut_utc
    group by arrivees.exercice, arrivees.debut_utc
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
        row_number() over (
            partition by sessions.exercice, sessions.identifiant
            order by sessions.debut_utc nulls last, sessions._fichier nulls last, sessions._feuille nulls first, sessions._ligne nulls last
        ) as rang
    from sessions
    inner join pics
        on sessions.exercice = pics.exercice
        and sessions.debut_utc <= pics.instant_utc
        and sessions.fin_utc > pics.instant_utc
)

select
    systeme,
    nom_table,
    exercice,
    identifiant,
    debut_utc,
    fin_utc,
    case when rang = 1 then 1 else 0 end as poids,
    case when rang = 1 then 'compté' else 'autre session du même agent' end as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from au_pic
