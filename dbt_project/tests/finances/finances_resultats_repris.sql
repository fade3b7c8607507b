-- What the accounts of a year leave is taken up the year after: 001 is the balance of investment; 002, with the part put
-- to reserve (1068), is the result of operation. Compared budget by budget, where both years have arrived.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'rpt_finances__resultats'}}}) }}

with soldes as (
    select
        siret,
        exercice,
        sum(case section when 'fonctionnement' then resultat_cumule_eur else 0 end) as resultat_fonctionnement,
        sum(case section when 'investissement' then resultat_cumule_eur else 0 end) as solde_investissement
    from {{ ref('rpt_finances__resultats') }}
    group by siret, exercice
),

reprises as (
    select
        siret,
        exercice,
        sum(
            case
                when code_chapitre = '002' or (compte = '1068' and type_operation = 'réelle')
                    then case sens when 'recette' then credits_ouverts_eur else -credits_ouverts_eur end
                else 0
            end
        ) as resultat_repris,
        sum(
            case
                when code_chapitre = '001'
                    then case sens when 'recette' then credits_ouverts_eur else -credits_ouverts_eur end
                else 0
            end
        ) as solde_repris
    from {{ ref('fct_lignes_budgetaires') }}
    where est_compte_administratif
    group by siret, exercice
)

select
    soldes.siret,
    soldes.exercice,
    soldes.resultat_fonctionnement,
    reprises.resultat_repris,
    soldes.solde_investissement,
    reprises.solde_repris
from soldes
inner join reprises on soldes.siret = reprises.siret and reprises.exercice = soldes.exercice + 1
where soldes.resultat_fonctionnement <> reprises.resultat_repris
    or soldes.solde_investissement <> reprises.solde_repris
