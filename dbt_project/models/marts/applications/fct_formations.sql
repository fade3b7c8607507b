select
    cast(exercice as integer) as exercice,
    cast(reference_session as string) as reference_session,
    cast(code_application as string) as code_application,
    cast(code_collectivite as string) as code_collectivite,
    cast(date_debut as date) as date_debut,
    cast(date_fin as date) as date_fin,
    cast(duree_jours as decimal(18, 2)) as duree_jours,
    cast(nb_agents_formes as bigint) as nb_agents_formes
from {{ ref('int_applications__sessions') }}
where poids = 1
