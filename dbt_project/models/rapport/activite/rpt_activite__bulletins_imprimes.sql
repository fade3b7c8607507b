select
    cast(travaux.exercice as integer) as exercice,
    cast(travaux.code_collectivite as string) as code_collectivite,
    cast(any_value(collectivites.libelle_collectivite) as string) as libelle_collectivite,
    cast(sum(travaux.nb_documents) as bigint) as nb_bulletins,
    {{ role_ligne() }}
from {{ ref('fct_travaux_edition') }} as travaux
inner join {{ ref('dim_collectivite') }} as collectivites
    on travaux.code_collectivite = collectivites.code_collectivite
where travaux.nature_document = 'Bulletins de salaire'
group by travaux.exercice, travaux.code_collectivite
