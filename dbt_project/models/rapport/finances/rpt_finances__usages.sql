-- What the operating expenditure of the year paid for, and its share of 100 €: each account belongs to the purpose of the
-- longest prefix that it begins with, of its own nomenclature if there is one. What 002 carries over pays for nothing.
with depenses as (
    select
        exercice,
        document_id,
        libelle_budget,
        type_budget,
        nomenclature,
        compte,
        sum(realise_eur) as realise_eur
    from {{ ref('fct_lignes_documents') }}
    where
        est_compte_administratif
        and section = 'fonctionnement'
        and sens_budgetaire = 'dépense'
        and code_chapitre not in ('002', '022', '023')
    group by exercice, document_id, libelle_budget, type_budget, nomenclature, compte
),

places as (
    select
        depenses.nomenclature,
        depenses.compte,
        usages.rang,
        usages.libelle_usage,
        row_number() over (
            partition by depenses.nomenclature, depenses.compte
            order by length(usages.prefixe_compte) desc nulls last, usages.nomenclature nulls last
        ) as rang_prefixe
    from (select distinct nomenclature, compte from depenses) as depenses
    inner join {{ source('reference', 'usages_depenses') }} as usages
        on position(usages.prefixe_compte in depenses.compte) = 1
        and (usages.nomenclature is null or position(usages.nomenclature in depenses.nomenclature) = 1)
),

usages as (
    select
        depenses.exercice,
        depenses.document_id,
        depenses.libelle_budget,
        depenses.type_budget,
        coalesce(places.rang, 99) as rang,
        coalesce(places.libelle_usage, 'Comptes non classés') as libelle_usage,
        sum(depenses.realise_eur) as realise_eur
    from depenses
    left join places
        on depenses.nomenclature = places.nomenclature
        and depenses.compte = places.compte
        and places.rang_prefixe = 1
    group by
        depenses.exercice, depenses.document_id, depenses.libelle_budget, depenses.type_budget,
        coalesce(places.rang, 99), coalesce(places.libelle_usage, 'Comptes non classés')
)

select
    cast(exercice as integer) as exercice,
    cast(document_id as string) as document_id,
    cast(libelle_budget as string) as libelle_budget,
    cast(type_budget as string) as type_budget,
    cast(rang as integer) as rang,
    cast(libelle_usage as string) as libelle_usage,
    cast(realise_eur as decimal(18, 2)) as realise_eur,
    {{ ratio('100 * realise_eur', 'sum(realise_eur) over (partition by document_id)', 2) }} as pour_100_eur,
    {{ role_ligne() }}
from usages
where realise_eur <> 0
