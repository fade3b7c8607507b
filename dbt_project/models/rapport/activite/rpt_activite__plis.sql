select
    cast(travaux.exercice as integer) as exercice,
    cast(travaux.code_collectivite as string) as code_collectivite,
    cast(any_value(collectivites.libelle_collectivite) as string) as libelle_collectivite,
    cast(travaux.nature_document as string) as nature_document,
    cast(sum(travaux.nb_documents) as bigint) as nb_documents,
    cast(case when count(*) = count(travaux.nb_plis) then sum(travaux.nb_plis) end as bigint) as nb_plis,
    {{ role_ligne() }}
from {{ ref('fct_travaux_edition') }} as travaux
inner join {{ ref('dim_collectivite') }} as collectivites
    on travaux.code_collectivite = collectivites.code_collectivite
where travaux.est_mis_sous_pli
group by travaux.exercice, travaux.code_collectivite, travaux.nature_document
