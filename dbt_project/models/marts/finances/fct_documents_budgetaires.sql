with dettes as (
    select
        document_id,
        sum(case when poids = 1 then coalesce(capital_restant_du_cloture_eur, 0) else 0 end) as encours_dette_eur,
        bool_or(poids = 1) as est_par_nature,
        -- a loan without a stated state of the annexe may be part of the debt, unless nothing is left of it; so may
        -- those of another state, when none lists the debt by nature
        bool_or(
            motif = 'état de l’annexe non précisé' and coalesce(capital_restant_du_cloture_eur <> 0, true)
        ) as est_sans_etat,
        bool_or(poids = 0 and coalesce(capital_restant_du_cloture_eur <> 0, true)) as est_par_un_autre_etat,
        bool_or(poids = 1 and capital_restant_du_cloture_eur is null) as est_sans_capital
    from {{ ref('int_finances__emprunts') }}
    where
        poids = 1
        or motif in ('état de l’annexe non précisé', 'autre état de l’annexe que la répartition par nature de dette')
    group by document_id
),

anomalies as (
    select document_id, count(*) as nb_lignes_compte_inconnu
    from {{ ref('int_finances__lignes_budgetaires') }}
    where est_compte_inconnu
    group by document_id
),

-- What shows that a budget has loans although the annexe lists none: the capital or the interest it paid or received.
mouvements as (
    select document_id, sum(abs(realise_eur)) as mouvements_dette_eur
    from {{ ref('int_finances__lignes_budgetaires') }}
    where est_compte_administratif and (compte like '16%' or compte like '6611%')
    group by document_id
),

qualifies as (
    select
        documents.*,
        plans.declinaison_plan,
        plans.exercice_plan,
        dettes.encours_dette_eur,
        coalesce(anomalies.nb_lignes_compte_inconnu, 0) as nb_lignes_compte_inconnu,
        coalesce(mouvements.mouvements_dette_eur, 0) as mouvements_dette_eur,
        case
            when not documents.est_compte_administratif then null
            when dettes.est_sans_etat then 'annexe de la dette dont un emprunt ne dit pas son état'
            when dettes.est_sans_capital then 'annexe de la dette dont un emprunt ne dit pas son capital'
            when dettes.est_par_nature then 'annexe de la dette'
            when dettes.est_par_un_autre_etat then 'annexe de la dette sans sa répartition par nature'
            when coalesce(mouvements.mouvements_dette_eur, 0) = 0 then 'ni emprunt à l’annexe, ni mouvement de dette'
            else 'annexe de la dette absente malgré des mouvements de dette'
        end as origine_dette
    from {{ ref('int_finances__documents') }} as documents
    left join {{ ref('int_finances__plans') }} as plans
        on documents.exercice = plans.exercice and documents.declinaison = plans.declinaison
    left join dettes on documents.document_id = dettes.document_id
    left join anomalies on documents.document_id = anomalies.document_id
    left join mouvements on documents.document_id = mouvements.document_id
    where documents.poids = 1
)

select
    cast(documents.document_id as string) as document_id,
    cast(documents.exercice as integer) as exercice,
    cast({{ budget_id('documents.siret', 'documents.code_budget') }} as string) as budget_id,
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
    cast(documents.libelle_decision as string) as libelle_decision,
    cast(documents.rang_sans_numero as bigint) as rang_sans_numero,
    cast(documents.est_projet as boolean) as est_projet,
    cast(documents.est_compte_administratif as boolean) as est_compte_administratif,
    cast(documents.nomenclature as string) as nomenclature,
    -- the chart of accounts that placed its lines
    cast(documents.declinaison_plan as string) as declinaison_plan,
    cast(documents.exercice_plan as integer) as exercice_plan,
    cast(documents.declinaison as string) as declinaison,
    cast(documents.code_reprise_resultats as string) as code_reprise_resultats,
    cast(documents.date_document as date) as date_document,
    cast(documents.date_decision as date) as date_decision,
    cast(documents.sceau_sha1 as string) as sceau_sha1,
    cast(documents.nb_lignes as bigint) as nb_lignes,
    cast(documents.nb_lignes_compte_inconnu as bigint) as nb_lignes_compte_inconnu,
    -- a budget says nothing of the debt at 31 December; accounts that neither list a loan nor pay one mean that there is none
    cast(
        case documents.origine_dette
            when 'annexe de la dette' then documents.encours_dette_eur
            when 'ni emprunt à l’annexe, ni mouvement de dette' then 0
        end as decimal(18, 2)
    ) as encours_dette_eur,
    cast(documents.origine_dette as string) as origine_dette,
    cast(case when documents.est_compte_administratif then documents.mouvements_dette_eur end as decimal(18, 2))
        as mouvements_dette_eur,
    cast(documents._fichier as string) as fichier,
    cast(documents._ligne as bigint) as ligne
from qualifies as documents
