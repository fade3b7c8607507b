-- How the credits of each section grew in the year: budget primitif, decisions one after the other, accounts of the year.
with etapes as (
    select
        sections.*,
        documents.code_budget,
        documents.libelle_decision,
        case documents.code_nature_decision when '01' then 1 when '09' then 3 when '10' then 3 else 2 end as rang_nature,
        coalesce(documents.date_decision, documents.date_document) as date_etape,
        try_cast(documents.numero_decision as integer) as numero
    from {{ ref('rpt_finances__sections') }} as sections
    inner join {{ ref('fct_documents_budgetaires') }} as documents on sections.document_id = documents.document_id
    where sections.section <> 'indéterminée'
),

-- the credits after a step are known if the budget primitif and each numbered decision before the step are there
numeros as (
    select
        exercice,
        siret,
        code_budget,
        min(rang_nature) = 1 as a_budget_primitif,
        coalesce(max(case rang_nature when 2 then numero end), 0) as dernier_numero,
        count(distinct case rang_nature when 2 then numero end) as nb_numeros
    from etapes
    group by exercice, siret, code_budget
)

select
    cast(exercice as integer) as exercice,
    cast(document_id as string) as document_id,
    cast(siret as string) as siret,
    cast(libelle_budget as string) as libelle_budget,
    cast(type_budget as string) as type_budget,
    cast(section as string) as section,
    cast(sens_budgetaire as string) as sens_budgetaire,
    cast(
        row_number() over (
            partition by exercice, siret, code_budget, section, sens_budgetaire
            order by rang_nature nulls last, date_etape nulls last, try_cast(numero_decision as integer) nulls last, document_id nulls last
        ) as integer
    ) as rang,
    cast(libelle_decision as string) as etape,
    cast(date_etape as date) as date_etape,
    -- the accounts open nothing: they state the final credits
    cast(case when rang_nature < 3 then credits_ouverts_eur end as decimal(18, 2)) as credits_votes_eur,
    cast(
        case
            when rang_nature = 3 then credits_ouverts_eur
            when not a_budget_primitif or (rang_nature = 2 and nb_numeros < dernier_numero) then null
            else sum(credits_ouverts_eur) over (
                partition by exercice, siret, code_budget, section, sens_budgetaire
                order by
                    rang_nature nulls last, date_etape nulls last, try_cast(numero_decision as integer) nulls last, document_id nulls last
                rows unbounded preceding
            )
        end as decimal(18, 2)
    ) as credits_cumules_eur,
    cast(realise_eur as decimal(18, 2)) as realise_eur,
    cast(restes_a_realiser_eur as decimal(18, 2)) as restes_a_realiser_eur,
    {{ role_ligne() }}
from etapes
left join numeros using (exercice, siret, code_budget)
