-- The budgets that the organisation declares, exercice by exercice.
select
    exercices.exercice,
    budgets.siret,
    budgets.code_budget,
    budgets.libelle_budget,
    budgets.type_budget
from {{ source('organisation', 'budgets') }} as budgets
inner join {{ source('organisation', 'exercices') }} as exercices
    on exercices.exercice between coalesce(budgets.exercice_debut, exercices.exercice)
    and coalesce(budgets.exercice_fin, exercices.exercice)
