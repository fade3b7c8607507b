select
    cast(exercice as integer) as exercice,
    cast(ticket as varchar) as ticket,
    cast(code_application as varchar) as code_application,
    cast(code_collectivite as varchar) as code_collectivite,
    cast(date_intervention as date) as date_intervention,
    cast(objet as varchar) as objet,
    cast(duree_jours as decimal(18, 2)) as duree_jours
from {{ ref('int_applications__interventions') }}
where poids = 1
