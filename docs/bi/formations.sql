-- Training days by application. Profile interne.
select
    formations.exercice,
    applications.code_application,
    applications.libelle_application,
    sum(formations.duree_jours) as jours
from marts.fct_formations as formations
join marts.dim_application as applications on applications.code_application = formations.code_application
group by formations.exercice, applications.code_application, applications.libelle_application
order by formations.exercice, applications.code_application
