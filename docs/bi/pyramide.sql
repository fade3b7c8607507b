-- Age pyramid, in bands of five years: women on one side, men on the other. Profile interne.
select exercice, tranche_age_ans, libelle_tranche, libelle_sexe, nb_agents
from rapport.rpt_rh__pyramide_quinquennale
where role_ligne = 'detail'
order by exercice, tranche_age_ans, libelle_sexe
