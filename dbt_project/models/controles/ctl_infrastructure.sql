-- What the mail server announces against what it lists: the accounts of each domain (zmaccts cuts its summary's names at 23
-- characters), and the accounts that use a licence. Both may have been drawn on different days.
with listes as (
    select exercice, left(domaine, 23) as domaine, count(*) as nb_comptes
    from {{ source('lake', 'zimbra__comptes') }}
    group by exercice, left(domaine, 23)
),

annonces as (
    select domaines.exercice, 'domaine ' || domaines.domaine as objet, domaines.nb_total as nb_annonces, listes.nb_comptes as nb_listes
    from {{ source('lake', 'zimbra__domaines') }} as domaines
    left join listes on domaines.exercice = listes.exercice and domaines.domaine = listes.domaine
    union all
    select
        licences.exercice, 'licences utilisées' as objet, licences.nb_licences_utilisees as nb_annonces, sum(comptes.nb_comptes) as nb_listes
    from {{ ref('fct_licences_messagerie') }} as licences
    inner join {{ ref('fct_comptes_messagerie') }} as comptes on licences.exercice = comptes.exercice
    where licences.nb_licences_utilisees is not null
    group by licences.exercice, licences.nb_licences_utilisees
)

select
    {{ constat(
        'INF-COMPTES', ou="'zimbra/comptes'", sujet='objet', attendu='nb_annonces', recu='coalesce(nb_listes, 0)',
        ecart='coalesce(nb_listes, 0) - nb_annonces', effet='réserve', cle='objet', valeurs={'unite': "'comptes'"}
    ) }}
from annonces
where nb_annonces is distinct from nb_listes
