-- What the budget figures rest on, document by document: those that count, those that came but do not, and those that
-- are expected: the budget and the accounts of each declared budget; once accounts of the year have come, those of each
-- budget that was voted or that other accounts name. A draft, or a document of another year, leaves no gap if one that
-- counts replaces it; a document that cannot be read may be the later version of it. The accounts of a budget are one
-- piece, whichever document gives them; two that cannot be distinguished are there or lost together.
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
    select
        document_id,
        count(*) as nb_lignes,
        -- a section without a line needs no statement
        coalesce(bool_or(case when section = 'fonctionnement' then dit_credits end), true) as dit_credits_fonctionnement,
        coalesce(bool_or(case when section = 'investissement' then dit_credits end), true) as dit_credits_investissement,
        bool_and(realise_eur is not null or coalesce(section, '') <> 'fonctionnement') as dit_realise_fonctionnement,
        bool_and(realise_eur is not null or coalesce(section, '') <> 'investissement') as dit_realise_investissement,
        bool_and(restes_a_realiser_eur is not null or est_compte_inconnu) as dit_restes
    from {{ ref('int_finances__lignes_budgetaires') }}
    group by document_id
),

emprunts as (
    select document_id, count(*) as nb_emprunts
    from {{ ref('int_finances__emprunts') }}
    group by document_id
),

-- the type of a budget, when nobody declares it: what its documents call it
types as (
    select
        siret,
        code_budget,
        case when count(*) = count(type_budget) and min(type_budget) = max(type_budget) then min(type_budget) end as type_budget
    from {{ ref('int_finances__documents') }}
    where poids = 1
    group by siret, code_budget
),

-- a document's name for its budget is ignored when another in the exercice contradicts it, or its principal budget does
contredits as (
    select exercice, siret, code_budget
    from {{ ref('int_finances__documents') }}
    where poids = 1
    group by exercice, siret, code_budget
    having min(type_budget) <> max(type_budget)
    union
    select annexes.exercice, annexes.siret, annexes.code_budget
    from {{ ref('int_finances__documents') }} as annexes
    inner join {{ ref('int_finances__documents') }} as autres
        on annexes.exercice = autres.exercice and annexes.siret = autres.siret_budget_principal and annexes.siret <> autres.siret
    where annexes.poids = 1 and autres.poids = 1
    group by annexes.exercice, annexes.siret, annexes.code_budget
    having max(annexes.type_budget) = 'annexe' and not exists (
        select 1 from {{ ref('int_finances__documents') }} as principaux
        where
            principaux.exercice = annexes.exercice and principaux.siret = annexes.siret
            and principaux.poids = 1 and principaux.type_budget = 'principal'
    )
),

declares as (
    select
        budgets.exercice,
        budgets.siret,
        budgets.code_budget,
        coalesce(
            budgets.type_budget,
            case when min(types.type_budget) = max(types.type_budget) then min(types.type_budget) end
        ) as type_budget
    from {{ ref('int_finances__budgets') }} as budgets
    left join types
        on budgets.siret = types.siret
        and coalesce(budgets.code_budget, types.code_budget) = types.code_budget
    group by budgets.exercice, budgets.siret, budgets.code_budget, budgets.type_budget
),

-- the budgets known without being named by others: declared, or with a document of their own
connus as (
    select
        exercice,
        siret,
        greatest(count(distinct code_budget), 1) as nb_budgets,
        bool_or(type_budget = 'principal') as est_principal
    from (
        select exercice, siret, code_budget, type_budget from {{ ref('int_finances__documents') }}
        where poids = 1 or est_compte_administratif
        union all
        select exercice, siret, code_budget, type_budget from declares
    ) as budgets
    group by exercice, siret
),

-- only the SIRET is certain of a budget that accounts name: each tool numbers budgets its own way, and one SIRET may
-- cover several, as many as a document distinguishes there, itself included
nommes_par_document as (
    select
        exercice,
        document_id,
        siret_agrege as siret,
        min(type_agrege) as type_agrege,
        count(distinct coalesce(trim(code_budget_agrege), '') || '|' || coalesce({{ normalise_libelle('libelle_budget_agrege') }}, ''))
        + max(case when siret_agrege = siret then 1 else 0 end) as nb_budgets
    from {{ ref('int_finances__consolidations') }}
    where motif = 'total d’un autre budget' and left(siret_agrege, 9) = left(siret, 9)
    group by exercice, document_id, siret_agrege
),

nommes_par_d_autres as (
    select
        totaux.exercice,
        totaux.siret,
        cast(null as string) as code_budget,
        coalesce(
            case when max(connus.siret) is null and min(types.type_budget) = max(types.type_budget) then min(types.type_budget) end,
            min(totaux.type_agrege)
        ) as type_budget,
        case
            when max(connus.siret) is not null
                then
                    ' ('
                    || cast(max(totaux.nb_budgets) as string)
                    || case when max(totaux.nb_budgets) > 1 then ' budgets nommés, ' else ' budget nommé, ' end
                    || cast(max(connus.nb_budgets) as string)
                    || ' connu'
                    || case when max(connus.nb_budgets) > 1 then 's' else '' end || ')'
        end as precision_budget
    from nommes_par_document as totaux
    left join connus on totaux.exercice = connus.exercice and totaux.siret = connus.siret
    left join types on totaux.siret = types.siret
    group by totaux.exercice, totaux.siret
    having max(totaux.nb_budgets) > coalesce(max(connus.nb_budgets), 0)
),

-- an annexe alone is not either: its accounts name their principal. There is one, and the SIRET that another document gives
-- it may be wrong: whatever that is, a principal that is known otherwise is not missing.
principaux_nommes as (
    select
        annexes.exercice,
        coalesce(
            min(
                case
                    when left(annexes.siret_budget_principal, 9) = annexes.siren and length(annexes.siret_budget_principal) = 14
                        then annexes.siret_budget_principal
                end
            ),
            min(annexes.siret_budget_principal)
        ) as siret,
        cast(null as string) as code_budget,
        'principal' as type_budget,
        cast(null as string) as precision_budget
    from {{ ref('int_finances__documents') }} as annexes
    where
        annexes.poids = 1
        and annexes.est_compte_administratif
        and annexes.type_budget = 'annexe'
        and annexes.siret_budget_principal <> annexes.siret
        and not exists (
            select 1 from connus
            where
                connus.exercice = annexes.exercice
                and (connus.siret = annexes.siret_budget_principal or (connus.est_principal and left(connus.siret, 9) = annexes.siren))
        )
        and not exists (
            select 1 from nommes_par_d_autres as nommes
            where
                nommes.exercice = annexes.exercice
                and (nommes.siret = annexes.siret_budget_principal or nommes.type_budget = 'principal')
        )
    group by annexes.exercice
),

votes as (
    select documents.exercice, documents.siret, documents.code_budget, max(documents.type_budget) as type_budget
    from {{ ref('int_finances__documents') }} as documents
    where
        documents.poids = 1
        and documents.exercice in (
            select exercice from {{ ref('int_finances__documents') }}
            where poids = 1 and est_compte_administratif
        )
        and not exists (
            select 1 from declares
            where
                declares.exercice = documents.exercice and declares.siret = documents.siret
                and coalesce(declares.code_budget, documents.code_budget) = documents.code_budget
        )
    group by documents.exercice, documents.siret, documents.code_budget
),

attendus as (
    select
        declares.*,
        cast(null as string) as precision_budget,
        true as est_declare,
        false as est_vote,
        natures.nom,
        natures.est_compte_administratif
    from declares
    cross join (
        select 'compte administratif' as nom, true as est_compte_administratif
        union all
        select 'budget primitif' as nom, false as est_compte_administratif
    ) as natures
    union all
    select *, 'compte administratif' as nom, true as est_compte_administratif
    from (
        select *, cast(null as string) as precision_budget, false as est_declare, true as est_vote from votes
        union all
        select *, false as est_declare, false as est_vote from nommes_par_d_autres
        union all
        select *, false as est_declare, false as est_vote from principaux_nommes
    ) as non_declares
),

documents as (
    select
        documents.exercice,
        case when contredits.siret is null then documents.type_budget end as type_budget,
        documents.est_compte_administratif,
        documents._livraison,
        documents.piece,
        case when documents.nature_decision is not null then documents.budget end as budget,
        documents.siret,
        cast(null as string) as code_budget,
        false as est_attendue,
        false as est_declaree,
        false as est_votee,
        true as est_recue,
        documents.poids = 1 as est_acceptee,
        documents.poids = 0 or coalesce(lignes.dit_credits_fonctionnement, false) as a_credits_fonctionnement,
        documents.poids = 0 or coalesce(lignes.dit_credits_investissement, false) as a_credits_investissement,
        documents.poids = 0 or coalesce(lignes.dit_realise_fonctionnement, false) as a_realise_fonctionnement,
        documents.poids = 0 or coalesce(lignes.dit_realise_investissement, false) as a_realise_investissement,
        documents.poids = 0 or coalesce(lignes.dit_restes, false) as a_restes,
        documents.poids = 0 and documents.motif <> 'document dont une ligne est illisible' as est_remplacable,
        case when documents.poids = 0 then documents.motif end as motif,
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
    left join contredits
        on documents.exercice = contredits.exercice
        and documents.siret = contredits.siret
        and documents.code_budget = contredits.code_budget
    where
        documents.poids = 1 or documents.motif in (
            'document dont une ligne est illisible',
            'document d’un autre exercice',
            'nomenclature dont aucun plan de comptes n’est connu',
            'compte déclaré projet, sans compte voté à sa place',
            'projet de budget, non voté'
        )
    union all
    select
        exercice,
        type_budget,
        est_compte_administratif,
        cast(null as string) as _livraison,
        case when est_compte_administratif then 'comptes' else nom end || ', ' || budget as piece,
        budget,
        siret,
        code_budget,
        true as est_attendue,
        est_declare as est_declaree,
        est_vote as est_votee,
        false as est_recue,
        cast(null as boolean) as est_acceptee,
        true as a_credits_fonctionnement,
        true as a_credits_investissement,
        true as a_realise_fonctionnement,
        true as a_realise_investissement,
        true as a_restes,
        false as est_remplacable,
        cast(null as string) as motif,
        0 as nb_documents,
        0 as nb_documents_refuses,
        0 as nb_lignes,
        0 as nb_lignes_refusees,
        0 as nb_emprunts,
        0 as nb_emprunts_refuses
    from (
        select
            *,
            'budget ' || siret || case when coalesce(code_budget, '') <> '' then ' ' || code_budget else '' end
            || coalesce(precision_budget, '') as budget
        from attendus
    ) as budgets_attendus
),

tables as (
    select *, 'budget/documents' as source, nb_documents as nb_acceptees, nb_documents_refuses as nb_refusees from documents
    union all
    select *, 'budget/lignes' as source, nb_lignes as nb_acceptees, nb_lignes_refusees as nb_refusees from documents
    union all
    select *, 'budget/emprunts' as source, nb_emprunts as nb_acceptees, nb_emprunts_refuses as nb_refusees from documents
),

comptees as (
    select exercice, piece
    from documents
    where est_acceptee
    group by exercice, piece
),

pieces as (
    select
        tables.source,
        tables.exercice,
        tables.piece,
        max(budget) as budget,
        max(siret) as siret,
        max(code_budget) as code_budget,
        bool_or(est_attendue) as est_attendue,
        bool_or(est_declaree) as est_declaree,
        bool_or(est_votee) as est_votee,
        bool_or(est_recue) as est_recue,
        -- none has come: not accepted; two that cannot be distinguished: accepted together or not at all
        coalesce(bool_and(est_acceptee), false) as est_acceptee,
        max(_livraison) as livraison,
        max(motif) as motif,
        case when bool_and(a_credits_fonctionnement) then true end as a_credits_fonctionnement,
        case when bool_and(a_credits_investissement) then true end as a_credits_investissement,
        case when bool_and(a_realise_fonctionnement) then true end as a_realise_fonctionnement,
        case when bool_and(a_realise_investissement) then true end as a_realise_investissement,
        case when bool_and(a_restes) then true end as a_restes,
        sum(nb_acceptees + nb_refusees) as nb_lues,
        sum(nb_acceptees) as nb_acceptees,
        sum(nb_refusees) as nb_refusees,
        -- when documents disagree, or none says it, no filter leaves any out
        case
            when not bool_or(est_recue) then max(type_budget)
            when
                count(case when est_recue then 1 end) = count(case when est_recue then type_budget end)
                and min(case when est_recue then type_budget end) = max(case when est_recue then type_budget end)
                then min(case when est_recue then type_budget end)
        end as type_budget,
        case
            when bool_or(est_compte_administratif is null) then null
            when bool_and(est_compte_administratif) = bool_or(est_compte_administratif) then bool_and(est_compte_administratif)
        end as est_compte_administratif
    from tables
    left join comptees on tables.exercice = comptees.exercice and tables.piece = comptees.piece
    where not tables.est_remplacable or comptees.piece is null
    group by tables.source, tables.exercice, tables.piece
)

select
    source,
    exercice,
    'document' as nature,
    piece,
    est_attendue,
    est_recue,
    est_acceptee,
    livraison,
    case when est_recue then nb_lues end as nb_lues,
    case when est_recue then nb_acceptees end as nb_acceptees,
    case when est_recue then nb_refusees end as nb_refusees,
    case when est_recue then 0 end as nb_ignorees,
    case
        when est_acceptee then null
        when est_recue then motif
        else 'document attendu, et non reçu ou non compté'
    end as motif,
    est_declaree,
    est_votee,
    siret,
    code_budget,
    type_budget,
    est_compte_administratif,
    -- some vendors leave them out of all lines of a document, or of a section: what it opened or did is then unknown, not 0
    a_credits_fonctionnement,
    a_credits_investissement,
    a_realise_fonctionnement,
    a_realise_investissement,
    a_restes,
    -- used to place mandats and titres: the accounts of their budget or, before these come, any document of it
    case
        when est_compte_administratif is null then null
        when not bool_or(est_acceptee) over budget then true
        else est_acceptee and est_compte_administratif = bool_or(est_acceptee and est_compte_administratif) over budget
    end as est_reference_du_plan
from pieces
window budget as (partition by source, exercice, budget)
