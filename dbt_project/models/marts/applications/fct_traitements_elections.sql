select
    cast(exercice as integer) as exercice,
    cast(reference_traitement as string) as reference_traitement,
    cast(code_application as string) as code_application,
    cast(code_collectivite as string) as code_collectivite,
    cast(date_traitement as date) as date_traitement,
    cast(scrutin as string) as scrutin,
    cast(travail as string) as travail,
    cast(nb_documents as bigint) as nb_documents,
    cast(duree_jours as decimal(18, 2)) as duree_jours
from {{ ref('int_applications__traitements') }}
where poids = 1
