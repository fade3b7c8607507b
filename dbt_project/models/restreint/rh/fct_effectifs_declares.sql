-- Only the declarations of December say who is paid on the 31st; they do not know permanent posts.
select
    cast(exercice as integer) as exercice,
    {{ mois_et_date('exercice', 'month(mois)') }},
    cast(case when statut_agent = 'contractuel' then 'contractuel' else 'fonctionnaire' end as string) as code_statut,
    cast(count(*) as bigint) as nb_agents,
    -- the age of an agent is the middle of her band of five years; unknown as soon as that of one of them is
    cast(case when count(tranche_age_ans) = count(*) then sum(tranche_age_ans + cast(2.5 as decimal(3, 1))) end as decimal(18, 1))
        as somme_ages_medians_ans
from {{ ref('int_rh__contrats_dsn') }}
where poids = 1
group by exercice, month(mois), case when statut_agent = 'contractuel' then 'contractuel' else 'fonctionnaire' end
