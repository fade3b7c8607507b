select
    cast(applications.code_application as string) as code_application,
    cast(applications.libelle_application as string) as libelle_application,
    cast(applications.domaine_metier as string) as domaine_metier,
    cast(applications.rang_application as integer) as rang_application,
    cast(indicateurs.indicateur as string) as indicateur,
    -- the figure's label is « Kolok : agents formés »
    cast(
        upper(substring(chiffres.libelle, length(applications.libelle_application) + 4, 1))
        || substring(chiffres.libelle, length(applications.libelle_application) + 5) as string
    ) as libelle_indicateur,
    cast(indicateurs.rang_indicateur as integer) as rang_indicateur,
    cast(chiffres.exercice as integer) as exercice,
    cast(chiffres.valeur as decimal(20, 6)) as valeur,
    cast(chiffres.unite as string) as unite,
    cast(chiffres.decimales as integer) as decimales,
    cast(chiffres.statut as string) as statut_chiffre,
    cast(chiffres.code_manquant as string) as code_manquant,
    cast(chiffres.etat as string) as etat,
    cast(chiffres.code as string) as code_chiffre,
    {{ role_ligne() }}
from {{ ref('chiffres') }} as chiffres
inner join {{ ref('dim_application_indicateur') }} as indicateurs
    on chiffres.code = 'applications.' || indicateurs.code_application || '.' || indicateurs.indicateur
inner join {{ ref('dim_application') }} as applications
    on indicateurs.code_application = applications.code_application
