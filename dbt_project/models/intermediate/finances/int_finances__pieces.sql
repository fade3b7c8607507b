-- What the budget figures rest on, document by document: those that count, and those that a refused line makes unusable.
-- The accounts of a budget are one piece, whichever document gives them; two that cannot be told apart are there or lost together.
with refusees as (
    select
        document_id,
        count(case when nom_table = 'documents' then 1 end) as nb_documents,
        count(case when nom_table = 'lignes' then 1 end) as nb_lignes,
        count(case when nom_table = 'emprunts' then 1 end) as nb_emprunts
    from {{ ref('int_finances__lignes_refusees') }}
    group by document_id
),

lignes as (
    select document_id, count(*) as nb_lignes
    from {{ ref('int_finances__lignes_budgetaires') }}
    group by document_id
),

emprunts as (
    select document_id, count(*) as nb_emprunts
    from {{ ref('int_finances__emprunts') }}
    group by document_id
),

documents as (
    select
        documents.exercice,
        documents.type_budget,
        documents.est_compte_administratif,
        documents._livraison,
        case
            when documents.nature_decision is null or documents.siret is null
                then 'document illisible, ' || documents._fichier || ':' || cast(documents._ligne as string)
            else case when documents.est_compte_administratif then 'comptes' else documents.libelle_decision end
                || ', budget ' || documents.siret || case when documents.code_budget = '' then '' else ' ' || documents.code_budget end
        end as piece,
        documents.poids = 1 as est_acceptee,
        case when documents.est_entete_refuse then 0 else 1 end as nb_documents,
        coalesce(refusees.nb_documents, 0) as nb_documents_refuses,
        coalesce(lignes.nb_lignes, 0) as nb_lignes,
        coalesce(refusees.nb_lignes, 0) as nb_lignes_refusees,
        coalesce(emprunts.nb_emprunts, 0) as nb_emprunts,
        coalesce(refusees.nb_emprunts, 0) as nb_emprunts_refuses
    from {{ ref('int_finances__documents') }} as documents
    left join refusees on documents.document_id = refusees.document_id
    left join lignes on documents.document_id = lignes.document_id
    left join emprunts on documents.document_id = emprunts.document_id
    where documents.poids = 1 or documents.motif = 'document dont une ligne est illisible'
),

tables as (
    select *, 'budget/documents' as source, nb_documents as nb_acceptees, nb_documents_refuses as nb_refusees from documents
    union all
    select *, 'budget/lignes' as source, nb_lignes as nb_acceptees, nb_lignes_refusees as nb_refusees from documents
    union all
    select *, 'budget/emprunts' as source, nb_emprunts as nb_acceptees, nb_emprunts_refuses as nb_refusees from documents
)

select
    source,
    exercice,
    'document' as nature,
    piece,
    false as est_attendue,
    true as est_recue,
    bool_and(est_acceptee) as est_acceptee,
    max(_livraison) as livraison,
    sum(nb_acceptees + nb_refusees) as nb_lues,
    sum(nb_acceptees) as nb_acceptees,
    sum(nb_refusees) as nb_refusees,
    0 as nb_ignorees,
    -- what a lost document amounts to is not known before it can be read whole
    case when bool_and(est_acceptee) then 0 end as montant_perdu_eur,
    case when not bool_and(est_acceptee) then 'document dont une ligne est illisible' end as motif,
    -- of two that do not agree, no filter leaves any out
    case when count(*) = count(type_budget) and min(type_budget) = max(type_budget) then min(type_budget) end as type_budget,
    case
        when bool_or(est_compte_administratif is null) then null
        when bool_and(est_compte_administratif) = bool_or(est_compte_administratif) then bool_and(est_compte_administratif)
    end as est_compte_administratif
from tables
group by source, exercice, piece
