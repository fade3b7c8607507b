-- Tickets by town and year: the profile public has each axis, not the tickets themselves.
select exercice, code_collectivite, libelle_collectivite, nb_tickets, nb_resolus
from rapport.rpt_assistance__tickets_collectivites
where role_ligne = 'detail'
order by exercice, code_collectivite
