-- Training days by application, as the report prints them: the profile public has them, not the sessions.
select exercice, code_application, libelle_application, valeur as jours, code_manquant
from rapport.rpt_applications__indicateurs
where indicateur = 'jours_formation' and role_ligne = 'detail'
order by exercice, code_application
