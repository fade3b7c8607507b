select
    cast(mandats.exercice as integer) as exercice,
    cast(mandats.nom_elu as string) as nom_elu,
    cast(mandats.prenom_elu as string) as prenom_elu,
    cast(mandats.code_fonction as string) as code_fonction,
    cast(mandats.libelle_fonction as string) as libelle_fonction,
    try_cast(mandats.rang_vice_presidence as integer) as rang_vice_presidence,
    cast(mandats.code_collectivite as string) as code_collectivite,
    cast(mandats.code_collectivite <> 'inconnue' as boolean) as est_collectivite_reconnue,
    cast(mandats.qualite as string) as qualite,
    cast(mandats.date_debut as date) as date_debut,
    cast(mandats.date_fin as date) as date_fin,
    cast(coalesce(mandats.date_fin > exercices.date_fin, true) as boolean) as est_au_31_decembre
from {{ ref('int_gouvernance__mandats') }} as mandats
inner join {{ ref('dim_exercice') }} as exercices
    on mandats.exercice = exercices.exercice
where mandats.poids = 1
