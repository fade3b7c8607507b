-- Agents are counted here, not listed: no pseudonym, and nobody's dates.
select
    cast(exercice as integer) as exercice,
    cast(code_statut as string) as code_statut,
    cast(est_cdi as boolean) as est_cdi,
    cast(code_cadre_emplois as string) as code_cadre_emplois,
    cast(code_filiere as string) as code_filiere,
    cast(categorie as string) as categorie_hierarchique,
    cast(service as string) as service,
    cast(sexe as string) as sexe,
    cast(tranche_age_ans as integer) as tranche_age_ans,
    cast(est_temps_complet as boolean) as est_temps_complet,
    cast(est_temps_plein as boolean) as est_temps_plein,
    cast(count(*) as bigint) as nb_agents,
    -- the age of an agent is the middle of her band of five years
    cast(sum(tranche_age_ans + cast(2.5 as decimal(3, 1))) as decimal(18, 1)) as somme_ages_medians_ans
from {{ ref('int_rh__agents') }}
where poids = 1 and est_present
group by
    exercice, code_statut, est_cdi, code_cadre_emplois, code_filiere, categorie, service, sexe,
    tranche_age_ans, est_temps_complet, est_temps_plein
