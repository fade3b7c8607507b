-- Tickets by town and month: one row a town and month, to draw as lines or a pivot. Profile interne.
select
    tickets.exercice,
    tickets.date_mois,
    collectivites.code_collectivite,
    collectivites.libelle_collectivite,
    sum(tickets.nb_tickets) as nb_tickets,
    sum(tickets.nb_resolus) as nb_resolus
from marts.fct_tickets as tickets
join marts.dim_collectivite as collectivites on collectivites.code_collectivite = tickets.code_collectivite
group by tickets.exercice, tickets.date_mois, collectivites.code_collectivite, collectivites.libelle_collectivite
order by tickets.date_mois, collectivites.code_collectivite
