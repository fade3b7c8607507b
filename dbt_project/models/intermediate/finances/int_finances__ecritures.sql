-- Every accepted line of the ledger, mandats and titres in one canon, with its weight. A line is placed by the plan of
-- accounts of its budget: the accounts of the year (or, before they come, a budget) have the same code and name the
-- plan. An account that is not in the plan goes where the documents of the budget put it, by the chapter that voted it.
-- Without either, its section is what the file says, or else that of its class. The lines of a bordereau count, or not,
-- with it; a piece that two tools give is taken from one.
with pieces as (
    select
        systeme,
        exercice,
        exercice_comptable,
        case nom_table when 'mandats' then 'D' when 'titres' then 'R' end as code_sens,
        code_budget,
        replace(siret_budget, ' ', '') as siret_budget,
        code_type_bordereau,
        numero_bordereau,
        rang_bordereau,
        numero_piece,
        numero_ligne,
        date_emission,
        lower(type_piece) as type_piece,
        exercice_origine,
        numero_piece_origine,
        numero_ligne_origine,
        code_section,
        compte,
        code_fonction,
        nullif(code_collectivite, 'autres') as code_collectivite,
        montant_ttc_eur,
        montant_budgetaire_eur,
        _livraison,
        _fichier,
        _feuille,
        _ligne
    from {{ ref('stg_ecritures') }}
),

budgets as (
    select
        *,
        row_number() over (
            partition by exercice, code_budget
            order by est_compte_administratif desc nulls last, date_document desc nulls last, document_id asc nulls last
        ) as rang,
        row_number() over (
            partition by exercice, siret, code_budget
            order by est_compte_administratif desc nulls last, date_document desc nulls last, document_id asc nulls last
        ) as rang_du_siret
    from {{ ref('int_finances__documents') }}
    where poids = 1
),

votes as (
    select exercice, siret, code_budget, compte, sens, min(code_chapitre) as code_chapitre
    from {{ ref('int_finances__lignes_budgetaires') }}
    where poids = 1 and (anomalie is not null or code_operation_tiers is not null)
    group by exercice, siret, code_budget, compte, sens
),

placees as (
    select
        pieces.*,
        budgets.siret,
        budgets.type_budget,
        budgets.libelle_budget,
        comptes.libelle_compte,
        case
            when pieces.type_piece = 'ordre' then null
            when comptes.compte is null then votes.code_chapitre
            when pieces.code_sens = 'D' then comptes.depense_reelle
            when pieces.code_sens = 'R' then comptes.recette_reelle
        end as code_chapitre,
        case pieces.code_sens
            when 'D' then coalesce(comptes.depense_ordre_entre_sections, comptes.depense_ordre_interieure)
            when 'R' then coalesce(comptes.recette_ordre_entre_sections, comptes.recette_ordre_interieure)
        end as code_chapitre_ordre,
        budgets.declinaison,
        case
            when pieces.rang_bordereau is not null then coalesce(bordereaux.motif, 'bordereau illisible')
        end as motif_bordereau,
        min(pieces.systeme) over (partition by pieces.exercice, pieces.code_sens, pieces.code_budget) as systeme_retenu,
        row_number() over doublons as rang,
        {{ double_de('doublons', 'pieces') }} as double_de
    from pieces
    left join budgets
        on pieces.exercice = budgets.exercice
        and pieces.code_budget = budgets.code_budget
        and case
            when pieces.siret_budget is null then budgets.rang = 1
            else pieces.siret_budget = budgets.siret and budgets.rang_du_siret = 1
        end
    left join {{ ref('int_finances__bordereaux') }} as bordereaux
        on pieces._livraison = bordereaux._livraison
        and pieces._fichier = bordereaux._fichier
        and pieces.rang_bordereau = bordereaux.rang_bordereau
    left join {{ ref('int_finances__comptes') }} as comptes
        on pieces.exercice = comptes.exercice
        and budgets.declinaison = comptes.declinaison
        and pieces.compte = comptes.compte
    left join votes
        on budgets.exercice = votes.exercice
        and budgets.siret = votes.siret
        and budgets.code_budget = votes.code_budget
        and pieces.compte = votes.compte
        and votes.sens = case pieces.code_sens when 'D' then 'dépense' else 'recette' end
    window doublons as (
        -- of a flow, whole bordereaux are chosen: only a line written twice in its own is a double
        partition by
            pieces.exercice, pieces.code_sens, pieces.siret_budget, pieces.code_budget, pieces.numero_piece, pieces.numero_ligne,
            pieces.rang_bordereau, case when pieces.rang_bordereau is not null then pieces._fichier end
        order by pieces._fichier nulls last, pieces._feuille nulls first, pieces._ligne nulls last
    )
),

qualifiees as (
    select
        placees.*,
        chapitres.libelle_chapitre,
        coalesce(
            chapitres.code_section,
            placees.code_section,
            case when left(placees.compte, 1) in ('6', '7') then 'F' else 'I' end
        ) as code_section_retenue,
        -- a member that is a groupement of communes pays on 7475, where groupements that are no members pay other things
        placees.code_sens = 'R'
        and (contributions.compte is not null or (placees.compte like '7475%' and placees.code_collectivite is not null))
            as est_contribution,
        coalesce(nullif(placees.motif_bordereau, 'compté'), {{ motif({
            'pièce d’un autre exercice': 'placees.exercice_comptable <> placees.exercice',
            'pièce que donne aussi un autre outil': 'placees.systeme <> placees.systeme_retenu',
            'doublon': 'placees.rang > 1',
            'opération d’ordre': "placees.type_piece = 'ordre'",
            'opération d’ordre, sans mandat ni titre': 'placees.code_chapitre is null and placees.code_chapitre_ordre is not null',
        }) }}) as motif_exclusion
    from placees
    left join {{ ref('int_finances__chapitres') }} as chapitres
        on placees.exercice = chapitres.exercice
        and placees.declinaison = chapitres.declinaison
        and coalesce(placees.code_chapitre, placees.code_chapitre_ordre) = chapitres.code_chapitre
    left join {{ source('reference', 'comptes_contributions') }} as contributions on placees.compte = contributions.compte
),

-- A flow does not say whether a line cancels another or reduces it: it cancels when it takes what earlier ones left of it.
corrigees as (
    select
        corrections._livraison,
        corrections._fichier,
        corrections.code_sens,
        corrections._ligne,
        abs(max(origines.montant_budgetaire_eur)) - sum(sum(abs(corrections.montant_budgetaire_eur))) over (
            partition by
                corrections.exercice, corrections.code_sens, corrections.siret_budget, corrections.code_budget,
                corrections.numero_piece_origine, corrections.numero_ligne_origine
            order by corrections.numero_bordereau nulls last, corrections.numero_piece nulls last, corrections.numero_ligne nulls last
            rows unbounded preceding
        ) as reste_eur
    from qualifiees as corrections
    inner join qualifiees as origines
        on corrections.exercice = origines.exercice
        and corrections.exercice_origine = origines.exercice
        and corrections.code_sens = origines.code_sens
        and corrections.siret_budget = origines.siret_budget
        and corrections.code_budget = origines.code_budget
        and corrections.numero_piece_origine = origines.numero_piece
        and corrections.numero_ligne_origine = origines.numero_ligne
        and origines.type_piece <> 'annulation ou réduction'
    where
        corrections.type_piece = 'annulation ou réduction'
        and corrections.motif_exclusion is null
        and origines.motif_exclusion is null
    group by
        corrections.exercice, corrections.code_sens, corrections.siret_budget, corrections.code_budget, corrections.numero_piece_origine,
        corrections.numero_ligne_origine, corrections.numero_bordereau, corrections.numero_piece, corrections.numero_ligne,
        corrections._livraison, corrections._fichier, corrections._ligne
    having count(*) = 1  -- two bordereaux may number their pieces alike: which one is corrected is then unknown
)

select
    qualifiees.systeme,
    qualifiees.exercice,
    case qualifiees.code_sens when 'D' then 'dépense' else 'recette' end as sens,
    case qualifiees.code_sens when 'D' then 'mandat' else 'titre' end as nature_piece,
    qualifiees.code_budget,
    qualifiees.siret,
    qualifiees.libelle_budget,
    qualifiees.type_budget,
    qualifiees.code_type_bordereau,
    qualifiees.numero_bordereau,
    concat_ws(
        '/', qualifiees.siret_budget, qualifiees.code_budget, nullif(qualifiees.code_type_bordereau, '01'),
        case when qualifiees.rang_bordereau is not null then cast(qualifiees.numero_bordereau as string) end,
        cast(qualifiees.numero_piece as string)
    ) as piece_id,
    qualifiees.numero_piece,
    qualifiees.numero_ligne,
    qualifiees.date_emission,
    case
        when corrigees.reste_eur is null then qualifiees.type_piece
        when corrigees.reste_eur <= 0 then 'annulation'
        else 'réduction'
    end as type_piece,
    case qualifiees.code_section_retenue when 'F' then 'fonctionnement' when 'I' then 'investissement' end as section,
    qualifiees.code_chapitre,
    qualifiees.libelle_chapitre,
    qualifiees.compte,
    qualifiees.libelle_compte,
    qualifiees.code_fonction,
    qualifiees.code_collectivite,
    qualifiees.est_contribution,
    -- some tools write a cancelled amount with its sign, others without
    case
        when qualifiees.type_piece in ('réduction', 'annulation', 'annulation ou réduction') then -abs(qualifiees.montant_budgetaire_eur)
        else qualifiees.montant_budgetaire_eur
    end as montant_eur,
    case
        when qualifiees.type_piece in ('réduction', 'annulation', 'annulation ou réduction') then -abs(qualifiees.montant_ttc_eur)
        else qualifiees.montant_ttc_eur
    end as montant_ttc_eur,
    case when qualifiees.motif_exclusion is null then 1 else 0 end as poids,
    coalesce(qualifiees.motif_exclusion, 'compté') as motif,
    case when qualifiees.motif_exclusion = 'doublon' then qualifiees.double_de end as double_de,
    qualifiees._livraison,
    qualifiees._fichier,
    qualifiees._feuille,
    qualifiees._ligne
from qualifiees
left join corrigees
    on qualifiees._livraison = corrigees._livraison
    and qualifiees._fichier = corrigees._fichier
    and qualifiees.code_sens = corrigees.code_sens
    and qualifiees._ligne = corrigees._ligne
