-- What the mail server announces against what it lists: the accounts of each domain (zmaccts cuts its summary's names at 23
-- characters), and the accounts that use a licence. A warning: both may have been drawn on different days.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_comptes_messagerie'}}}) }}

with listes as (
    select exercice, left(domaine, 23) as domaine, count(*) as nb_comptes
    from {{ source('lake', 'zimbra__comptes') }}
    group by exercice, left(domaine, 23)
),

utilises as (
    select exercice, sum(nb_comptes) as nb_comptes
    from {{ ref('fct_comptes_messagerie') }}
    group by exercice
)

select
    domaines.exercice,
    domaines.domaine as ou,
    domaines.nb_total as nb_annonces,
    listes.nb_comptes as nb_listes
from {{ source('lake', 'zimbra__domaines') }} as domaines
left join listes on domaines.exercice = listes.exercice and domaines.domaine = listes.domaine
where domaines.nb_total is distinct from listes.nb_comptes
union all
select
    licences.exercice,
    'licence' as ou,
    licences.nb_licences_utilisees as nb_annonces,
    utilises.nb_comptes as nb_listes
from {{ ref('fct_licences_messagerie') }} as licences
inner join utilises on licences.exercice = utilises.exercice
where licences.nb_licences_utilisees <> utilises.nb_comptes
