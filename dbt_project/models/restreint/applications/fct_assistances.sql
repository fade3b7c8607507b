select
    cast(exercice as integer) as exercice,
    cast(ticket as string) as ticket,
    cast(code_application as string) as code_application,
    cast(code_collectivite as string) as code_collectivite,
    cast(date_intervention as date) as date_intervention,
    cast(objet as string) as objet,
    cast(duree_jours as decimal(18, 2)) as duree_jours
from {{ ref('int_applications__interventions') }}
where poids = 1
