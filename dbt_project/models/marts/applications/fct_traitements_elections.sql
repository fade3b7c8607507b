select
    cast(exercice as integer) as exercice,
    cast(reference_traitement as varchar) as reference_traitement,
    cast(code_application as varchar) as code_application,
    cast(code_collectivite as varchar) as code_collectivite,
    cast(date_traitement as date) as date_traitement,
    cast(scrutin as varchar) as scrutin,
    cast(travail as varchar) as travail,
    cast(nb_documents as bigint) as nb_documents,
    cast(duree_jours as decimal(18, 2)) as duree_jours
from {{ ref('int_applications__traitements') }}
where poids = 1
