-- The result of each section in the accounts of the year: the carried-over 001 and 002 are inside the cumulated one.
with sections as (
    select * from {{ ref('rpt_finances__sections') }}
    where realise_eur is not null and section <> 'indéterminée'
)

select
    cast(exercice as integer) as exercice,
    cast(document_id as varchar) as document_id,
    cast(siret as varchar) as siret,
    cast(libelle_budget as varchar) as libelle_budget,
    cast(type_budget as varchar) as type_budget,
    cast(section as varchar) as section,
    cast(sum(case sens when 'dépense' then credits_ouverts_eur else 0 end) as decimal(18, 2)) as credits_depenses_eur,
    cast(sum(case sens when 'recette' then credits_ouverts_eur else 0 end) as decimal(18, 2)) as credits_recettes_eur,
    cast(sum(case sens when 'dépense' then realise_eur else 0 end) as decimal(18, 2)) as depenses_eur,
    cast(sum(case sens when 'recette' then realise_eur else 0 end) as decimal(18, 2)) as recettes_eur,
    cast(
        sum(case sens when 'recette' then realise_eur - realise_reporte_eur else realise_reporte_eur - realise_eur end)
        as decimal(18, 2)
    ) as resultat_exercice_eur,
    cast(sum(case sens when 'recette' then realise_eur else -realise_eur end) as decimal(18, 2)) as resultat_cumule_eur,
    cast(sum(case sens when 'recette' then restes_a_realiser_eur else -restes_a_realiser_eur end) as decimal(18, 2))
        as solde_restes_eur,
    cast(
        sum(
            case sens
                when 'recette' then realise_eur + restes_a_realiser_eur
                else -realise_eur - restes_a_realiser_eur
            end
        ) as decimal(18, 2)
    ) as resultat_avec_restes_eur
from sections
group by exercice, document_id, siret, libelle_budget, type_budget, section
