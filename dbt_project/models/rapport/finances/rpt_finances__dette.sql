-- The debt of each budget in the accounts of the year. Accounts that neither list a loan nor pay one mean that there is
-- none: 0, not missing; those that pay one but list none leave it unknown.
with dettes as (
    select
        document_id,
        count(*) as nb_emprunts,
        sum(coalesce(capital_restant_du_ouverture_eur, 0)) as encours_ouverture_eur,
        sum(coalesce(capital_rembourse_eur, 0)) as capital_rembourse_eur,
        sum(coalesce(interets_eur, 0)) as interets_eur
    from {{ ref('fct_emprunts') }}
    group by document_id
)

select
    cast(documents.exercice as integer) as exercice,
    cast(documents.document_id as string) as document_id,
    cast(documents.siret as string) as siret,
    cast(documents.libelle_budget as string) as libelle_budget,
    cast(documents.type_budget as string) as type_budget,
    cast(coalesce(dettes.nb_emprunts, 0) as bigint) as nb_emprunts,
    cast(coalesce(dettes.encours_ouverture_eur, documents.encours_dette_eur) as decimal(18, 2)) as encours_ouverture_eur,
    cast(coalesce(dettes.capital_rembourse_eur, documents.encours_dette_eur) as decimal(18, 2)) as capital_rembourse_eur,
    cast(coalesce(dettes.interets_eur, documents.encours_dette_eur) as decimal(18, 2)) as interets_eur,
    cast(coalesce(dettes.capital_rembourse_eur + dettes.interets_eur, documents.encours_dette_eur) as decimal(18, 2))
        as annuite_eur,
    cast(documents.encours_dette_eur as decimal(18, 2)) as encours_cloture_eur,
    cast(documents.origine_dette as string) as origine_dette,
    -- what is unknown is not « sans objet »: these accounts have a debt, or may have one
    cast(case when documents.encours_dette_eur is null then 'm' end as string) as code_manquant,
    {{ role_ligne() }}
from {{ ref('fct_documents_budgetaires') }} as documents
left join dettes on documents.document_id = dettes.document_id
where documents.est_compte_administratif
