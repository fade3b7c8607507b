-- Age pyramid of the profile public, in the bands that it has of each exercice, women and men apart or together.
select exercice, tranche_age_ans, libelle_tranche, libelle_sexe, nb_agents
from rapport.rpt_rh__pyramide
where role_ligne = 'detail'
order by exercice, tranche_age_ans, libelle_sexe
