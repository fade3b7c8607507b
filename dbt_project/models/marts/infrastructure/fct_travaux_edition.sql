select
    cast(exercice as integer) as exercice,
    {{ mois_et_date('exercice', 'month(date_travail)') }},
    cast(code_collectivite as string) as code_collectivite,
    cast(nature as string) as nature_document,
    cast(est_mis_sous_pli as boolean) as est_mis_sous_pli,
    -- NULL where the tool does not say it
    cast(est_couleur as boolean) as est_couleur,
    cast(count(*) as bigint) as nb_travaux,
    cast(sum(nb_documents) as bigint) as nb_documents,
    cast(sum(nb_pages) as bigint) as nb_pages,
    -- a single job whose sheets or envelopes are unknown makes the sum unknown
    cast(case when count(*) = count(nb_feuilles) then sum(nb_feuilles) end as bigint) as nb_feuilles,
    cast(case when count(*) = count(nb_plis) then sum(nb_plis) end as bigint) as nb_plis
from {{ ref('int_infrastructure__travaux_edition') }}
where poids = 1
group by exercice, month(date_travail), code_collectivite, nature, est_mis_sous_pli, est_couleur
