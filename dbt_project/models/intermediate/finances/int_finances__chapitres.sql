-- The chapters of each plan in use, once each: of two rows for one chapter and exercice, the later one.
with places as (
    select
        plans.exercice,
        plans.declinaison,
        chapitres.code_chapitre,
        chapitres.code_section,
        chapitres.libelle_chapitre,
        row_number() over (
            partition by plans.exercice, plans.declinaison, chapitres.code_chapitre
            order by chapitres.exercice_debut desc nulls last, chapitres.exercice_fin asc nulls last, chapitres.declinaisons asc nulls last
        ) as rang
    from {{ ref('int_finances__plans') }} as plans
    inner join {{ source('reference', 'plan_comptes_chapitres') }} as chapitres
        on position(' ' || plans.declinaison_plan || ' ' in ' ' || chapitres.declinaisons || ' ') > 0
        and plans.exercice_plan between chapitres.exercice_debut and chapitres.exercice_fin
)

select
    exercice,
    declinaison,
    code_chapitre,
    code_section,
    libelle_chapitre
from places
where rang = 1
