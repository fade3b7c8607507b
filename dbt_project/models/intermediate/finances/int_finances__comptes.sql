-- The accounts of each plan in use, once each: of two rows for one account and exercice, the later one.
with places as (
    select
        plans.exercice,
        plans.declinaison,
        comptes.compte,
        comptes.depense_reelle,
        comptes.depense_ordre_entre_sections,
        comptes.depense_ordre_interieure,
        comptes.recette_reelle,
        comptes.recette_ordre_entre_sections,
        comptes.recette_ordre_interieure,
        comptes.libelle_compte,
        row_number() over (
            partition by plans.exercice, plans.declinaison, comptes.compte
            order by comptes.exercice_debut desc nulls last, comptes.exercice_fin asc nulls last, comptes.declinaisons asc nulls last
        ) as rang
    from {{ ref('int_finances__plans') }} as plans
    inner join {{ source('reference', 'plan_comptes_comptes') }} as comptes
        on position(' ' || plans.declinaison_plan || ' ' in ' ' || comptes.declinaisons || ' ') > 0
        and plans.exercice_plan between comptes.exercice_debut and comptes.exercice_fin
)

select
    exercice,
    declinaison,
    compte,
    depense_reelle,
    depense_ordre_entre_sections,
    depense_ordre_interieure,
    recette_reelle,
    recette_ordre_entre_sections,
    recette_ordre_interieure,
    libelle_compte
from places
where rang = 1
