select
    cast(exercice as integer) as exercice,
    cast(reference_deliberation as string) as reference_deliberation,
    cast(date_deliberation as date) as date_deliberation,
    cast(code_matiere as string) as code_matiere,
    cast(libelle_matiere as string) as libelle_matiere,
    cast(objet as string) as objet,
    cast(nb_votants as bigint) as nb_votants,
    cast(nb_pour as bigint) as nb_pour,
    cast(nb_contre as bigint) as nb_contre,
    cast(nb_abstentions as bigint) as nb_abstentions,
    -- CGCT, art. L. 2121-20: absolute majority of the votes cast; on a tie the president's own vote, unknown here, decides
    cast(case when nb_pour <> nb_contre then nb_pour > nb_contre end as boolean) as est_adoptee,
    cast(nb_contre = 0 and nb_abstentions = 0 as boolean) as est_unanime
from {{ ref('int_gouvernance__deliberations') }}
where poids = 1
