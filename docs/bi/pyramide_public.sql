-- Age pyramid of the profile public, in three bands: a number that is too small is empty, and never 0.
select exercice, tranche_age_ans, libelle_tranche, libelle_sexe, nb_agents
from rapport.rpt_rh__pyramide
where role_ligne = 'detail'
order by exercice, tranche_age_ans, libelle_sexe
