with dettes as (
    select document_id, sum(coalesce(capital_restant_du_cloture_eur, 0)) as encours_dette_eur
    from {{ ref('int_finances__emprunts') }}
    where poids = 1
    group by document_id
),

anomalies as (
    select document_id, count(*) as nb_lignes_compte_inconnu
    from {{ ref('int_finances__lignes_budgetaires') }}
    where est_compte_inconnu
    group by document_id
)

select
    cast(documents.document_id as string) as document_id,
    cast(documents.exercice as integer) as exercice,
    cast(documents.siret as string) as siret,
    cast(documents.siren as string) as siren,
    cast(documents.code_budget as string) as code_budget,
    cast(documents.libelle_budget as string) as libelle_budget,
    cast(documents.libelle_collectivite as string) as libelle_collectivite,
    cast(documents.type_budget as string) as type_budget,
    cast(documents.siret_budget_principal as string) as siret_budget_principal,
    cast(documents.code_nature_decision as string) as code_nature_decision,
    cast(documents.nature_decision as string) as nature_decision,
    cast(documents.numero_decision as string) as numero_decision,
    cast(documents.est_compte_administratif as boolean) as est_compte_administratif,
    cast(documents.nomenclature as string) as nomenclature,
    cast(documents.code_reprise_resultats as string) as code_reprise_resultats,
    cast(documents.date_document as date) as date_document,
    cast(documents.date_decision as date) as date_decision,
    cast(documents.sceau_sha1 as string) as sceau_sha1,
    cast(documents.nb_lignes as bigint) as nb_lignes,
    cast(coalesce(anomalies.nb_lignes_compte_inconnu, 0) as bigint) as nb_lignes_compte_inconnu,
    -- no loan in the accounts of the year means no debt; a budget says nothing of the debt at 31 December
    cast(
        case when documents.est_compte_administratif then coalesce(dettes.encours_dette_eur, 0) end as decimal(18, 2)
    ) as encours_dette_eur
from {{ ref('int_finances__documents') }} as documents
left join dettes on documents.document_id = dettes.document_id
left join anomalies on documents.document_id = anomalies.document_id
where documents.poids = 1
