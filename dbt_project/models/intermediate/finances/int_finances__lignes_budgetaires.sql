-- Every accepted line, with the weight of its document, its chapter and section, and its amounts.
-- The section never comes from the first digits of the account: an account is in one section or the other depending on
-- the side and the kind of operation, as the official plan of the nomenclature and year says. An account that is not in
-- the plan of the year is placed by the chapter that was voted (ContNat), if that is a chapter of the plan; it stays a
-- finding. The accounts of operations for others (454, 458) are subdivided by operation: the number follows the account.
with lignes as (
    select
        exercice,
        compte,
        libelle_compte,
        code_fonction,
        code_operation,
        nullif(trim(code_operation_tiers), '') as code_operation_tiers,
        code_vote_nature,
        code_vote_fonction,
        est_article_specialise,
        code_sens,
        code_operation_budgetaire,
        code_type_ordre,
        budget_precedent_eur,
        restes_a_realiser_precedents_eur,
        proposition_eur,
        vote_eur,
        credits_ouverts_eur,
        realise_eur,
        restes_a_realiser_eur,
        rattachements_eur,
        code_section_editeur,
        {{ document_id('numero_budget') }} as document_id,
        {{ document_id('numero_budget') }} || '/' || cast(numero_element as string) as ligne_id,
        _livraison,
        _fichier,
        _feuille,
        _ligne
    from {{ source('lake', 'budget__lignes') }}
),

chapitres as (
    select * from {{ ref('int_finances__chapitres') }}
),

comptes as (
    select * from {{ ref('int_finances__comptes') }}
),

subdivises as (
    select documents.document_id, lignes.compte, max(comptes.compte) as compte_subdivise
    from (
        select distinct document_id, compte from lignes
        where left(compte, 3) in ('454', '458')
    ) as lignes
    inner join {{ ref('int_finances__documents') }} as documents on lignes.document_id = documents.document_id
    inner join comptes
        on documents.exercice = comptes.exercice
        and documents.declinaison = comptes.declinaison
        and left(comptes.compte, 3) in ('454', '458')
        and left(lignes.compte, length(comptes.compte)) = comptes.compte
    group by documents.document_id, lignes.compte
),

-- what the document's own totals say about the sides of its sections
totaux as (
    select
        document_id,
        section,
        sens,
        bool_and(coalesce(realise_eur = 0, false)) as est_sans_realise,
        bool_and(coalesce(restes_a_realiser_eur = 0, false)) as est_sans_restes,
        bool_or(coalesce(restes_a_realiser_eur <> 0, false)) as a_restes
    from {{ ref('int_finances__consolidations') }}
    where poids = 1
    group by document_id, section, sens
),

-- the last known year of a norm applies until another is known
flux as (
    select *, max(exercice_fin) over (partition by norme) as dernier_exercice from {{ source('reference', 'flux_reciproques') }}
),

rattachees as (
    select
        lignes.*,
        subdivises.compte_subdivise,
        documents.siret,
        documents.siren,
        documents.code_budget,
        documents.libelle_budget,
        documents.type_budget,
        documents.code_nature_decision,
        documents.nature_decision,
        documents.numero_decision,
        documents.est_compte_administratif,
        documents.nomenclature,
        documents.declinaison,
        case
            when documents.poids = 0 then documents.motif
            when lignes.code_sens not in ('D', 'R') then 'sens inconnu'
        end as motif_exclusion,
        comptes.compte is not null as est_compte_au_plan,
        comptes.libelle_compte as libelle_compte_plan,
        flux.flux as flux_reciproque,
        case
            when lignes.code_operation_budgetaire = '0' then 'réelle'
            when lignes.code_operation_budgetaire = '1' and lignes.code_type_ordre = '1'
                then 'ordre à l’intérieur de la section'
            when lignes.code_operation_budgetaire = '1' and lignes.code_type_ordre = '2' then 'ordre entre sections'
        end as type_operation,
        case
            when comptes.compte is null then lignes.code_vote_nature
            when lignes.code_operation_budgetaire = '0'
                then case lignes.code_sens when 'D' then comptes.depense_reelle when 'R' then comptes.recette_reelle end
            when lignes.code_operation_budgetaire = '1' and lignes.code_type_ordre = '2'
                then case lignes.code_sens
                    when 'D' then comptes.depense_ordre_entre_sections
                    when 'R' then comptes.recette_ordre_entre_sections
                end
            when lignes.code_operation_budgetaire = '1' and lignes.code_type_ordre = '1'
                then case lignes.code_sens
                    when 'D' then comptes.depense_ordre_interieure
                    when 'R' then comptes.recette_ordre_interieure
                end
        end as code_chapitre
    from lignes
    inner join {{ ref('int_finances__documents') }} as documents on lignes.document_id = documents.document_id
    left join subdivises
        on lignes.document_id = subdivises.document_id
        and lignes.compte = subdivises.compte
    left join comptes
        on documents.exercice = comptes.exercice
        and documents.declinaison = comptes.declinaison
        and coalesce(subdivises.compte_subdivise, lignes.compte) = comptes.compte
    left join flux
        on lignes.compte = flux.compte
        and lignes.code_sens = flux.code_sens
        and documents.type_budget = flux.type_budget
        and split_part(documents.nomenclature, '-', 1) = flux.norme
        and least(documents.exercice, flux.dernier_exercice) between flux.exercice_debut and flux.exercice_fin
)

select
    lignes.ligne_id,
    lignes.document_id,
    lignes.exercice,
    lignes.siret,
    lignes.siren,
    lignes.code_budget,
    lignes.libelle_budget,
    lignes.type_budget,
    lignes.code_nature_decision,
    lignes.nature_decision,
    lignes.numero_decision,
    lignes.est_compte_administratif,
    lignes.nomenclature,
    lignes.compte,
    coalesce(lignes.libelle_compte_plan, lignes.libelle_compte) as libelle_compte,
    case lignes.code_sens when 'D' then 'dépense' when 'R' then 'recette' end as sens,
    lignes.type_operation,
    chapitres.code_chapitre,
    chapitres.libelle_chapitre,
    -- a chapter from one of the home's plans is in the series under its own code
    coalesce(canoniques.code_chapitre_canonique, chapitres.code_chapitre) as code_chapitre_canonique,
    coalesce(canoniques.libelle_chapitre_canonique, chapitres.libelle_chapitre) as libelle_chapitre_canonique,
    lignes.flux_reciproque,
    case chapitres.code_section when 'F' then 'fonctionnement' when 'I' then 'investissement' end as section,
    chapitres.code_section is null as est_compte_inconnu,
    case
        when chapitres.code_section is not null and lignes.est_compte_au_plan then null
        when chapitres.code_section is not null then 'compte absent du plan de comptes, placé par son chapitre de vote'
        when not lignes.est_compte_au_plan then 'compte absent du plan de comptes'
        when lignes.type_operation is null then 'type d’opération d’ordre absent'
        else 'compte non ouvert à ce sens et à ce type d’opération'
    end as anomalie,
    lignes.code_section_editeur,
    lignes.code_fonction,
    lignes.code_operation,
    coalesce(
        lignes.code_operation_tiers,
        nullif(substr(lignes.compte, length(lignes.compte_subdivise) + 1), ''),
        case
            when left(lignes.code_vote_nature, length(lignes.compte_subdivise)) = lignes.compte_subdivise
                then nullif(substr(lignes.code_vote_nature, length(lignes.compte_subdivise) + 1), '')
        end
    ) as code_operation_tiers,
    lignes.code_vote_nature,
    lignes.code_vote_fonction,
    lignes.est_article_specialise,
    lignes.budget_precedent_eur,
    lignes.restes_a_realiser_precedents_eur,
    lignes.proposition_eur,
    lignes.vote_eur,
    -- What this document opens. CredOuv is RARPrec + Prev, and some vendors leave it out. A décision modificative votes
    -- a difference, in Prev: its MtBudgPrec is the budget before it, and must not be added.
    case
        when lignes.code_nature_decision = '02' and lignes.vote_eur is not null
            then coalesce(lignes.restes_a_realiser_precedents_eur, 0) + lignes.vote_eur
        else coalesce(
            lignes.credits_ouverts_eur,
            coalesce(lignes.restes_a_realiser_precedents_eur, 0) + coalesce(lignes.vote_eur, 0)
        )
    end as credits_ouverts_eur,
    -- Budgets have MtReal too, on 001 and 002: only the accounts of the year say what was done, and what is left to
    -- carry out. When they give it on no line, or on none on one side of a section that had something to do, they do
    -- not say that nothing was done, unless their own totals do. What is left to carry out may well be on one side
    -- alone.
    case
        when not lignes.est_compte_administratif or count(lignes.realise_eur) over document = 0 then null
        when
            count(lignes.realise_eur) over cote > 0
            or chapitres.code_section is null
            or coalesce(totaux.est_sans_realise, false)
            or not bool_or(
                lignes.compte not in ('020', '021', '022', '023', '024') and coalesce(lignes.credits_ouverts_eur, lignes.vote_eur, 1) <> 0
            ) over cote
            then coalesce(lignes.realise_eur, 0)
    end as realise_eur,
    case
        when not lignes.est_compte_administratif then null
        when
            count(lignes.restes_a_realiser_eur) over cote > 0
            or coalesce(totaux.est_sans_restes, false)
            or (count(lignes.restes_a_realiser_eur) over document > 0 and not coalesce(totaux.a_restes, false))
            then coalesce(lignes.restes_a_realiser_eur, 0)
    end as restes_a_realiser_eur,
    coalesce(lignes.credits_ouverts_eur, lignes.restes_a_realiser_precedents_eur, lignes.vote_eur) is not null as dit_credits,
    lignes.restes_a_realiser_eur is not null as dit_restes,
    lignes.rattachements_eur,
    case when lignes.motif_exclusion is null then 1 else 0 end as poids,
    coalesce(lignes.motif_exclusion, 'compté') as motif,
    lignes._livraison,
    lignes._fichier,
    lignes._feuille,
    lignes._ligne
from rattachees as lignes
left join chapitres
    on lignes.exercice = chapitres.exercice
    and lignes.declinaison = chapitres.declinaison
    and lignes.code_chapitre = chapitres.code_chapitre
left join {{ source('reference', 'chapitres_canoniques') }} as canoniques
    on chapitres.code_chapitre = canoniques.code_chapitre
left join totaux
    on lignes.document_id = totaux.document_id
    and totaux.section = case chapitres.code_section when 'F' then 'fonctionnement' when 'I' then 'investissement' end
    and totaux.sens = case lignes.code_sens when 'D' then 'dépense' when 'R' then 'recette' end
window
    document as (partition by lignes.document_id),
    cote as (partition by lignes.document_id, chapitres.code_section, lignes.code_sens)
