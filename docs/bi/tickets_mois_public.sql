-- Tickets by month: beside tickets_public.sql.
select exercice, date_mois, nb_tickets, nb_resolus
from rapport.rpt_assistance__tickets_mois
where role_ligne = 'detail'
order by date_mois
