-- Every accepted line of the ledger, mandats and titres in one canon, with its weight. A line is placed by the plan of
-- accounts of its budget: the accounts of the year (or, before they come, a budget) have the same code and name the
-- plan. An account that is not in the plan goes where the documents of the budget put it, by the chapter that voted it.
with pieces as (
    select
        exercice,
        exercice_comptable,
        case nom_table when 'mandats' then 'D' when 'titres' then 'R' end as code_sens,
        code_budget,
        numero_bordereau,
        numero_piece,
        numero_ligne,
        date_emission,
        lower(type_piece) as type_piece,
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
        ) as rang
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
            when comptes.compte is null then votes.code_chapitre
            when pieces.code_sens = 'D' then comptes.depense_reelle
            when pieces.code_sens = 'R' then comptes.recette_reelle
        end as code_chapitre,
        case pieces.code_sens
            when 'D' then coalesce(comptes.depense_ordre_entre_sections, comptes.depense_ordre_interieure)
            when 'R' then coalesce(comptes.recette_ordre_entre_sections, comptes.recette_ordre_interieure)
        end as code_chapitre_ordre,
        budgets.declinaison,
        row_number() over doublons as rang,
        {{ double_de('doublons', 'pieces') }} as double_de
    from pieces
    left join budgets
        on pieces.exercice = budgets.exercice
        and pieces.code_budget = budgets.code_budget
        and budgets.rang = 1
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
        partition by pieces.exercice, pieces.code_sens, pieces.code_budget, pieces.numero_piece, pieces.numero_ligne
        order by pieces._fichier nulls last, pieces._feuille nulls first, pieces._ligne nulls last
    )
),

qualifiees as (
    select
        placees.*,
        chapitres.libelle_chapitre,
        coalesce(chapitres.code_section, placees.code_section) as code_section_retenue,
        placees.code_sens = 'R' and contributions.compte is not null as est_contribution,
        {{ motif({
            'pièce d’un autre exercice': 'placees.exercice_comptable <> placees.exercice',
            'doublon': 'placees.rang > 1',
            'opération d’ordre, sans mandat ni titre': 'placees.code_chapitre is null and placees.code_chapitre_ordre is not null',
        }) }} as motif_exclusion
    from placees
    left join {{ ref('int_finances__chapitres') }} as chapitres
        on placees.exercice = chapitres.exercice
        and placees.declinaison = chapitres.declinaison
        and placees.code_chapitre = chapitres.code_chapitre
    left join {{ source('reference', 'comptes_contributions') }} as contributions on placees.compte = contributions.compte
)

select
    exercice,
    case code_sens when 'D' then 'dépense' else 'recette' end as sens,
    case code_sens when 'D' then 'mandat' else 'titre' end as nature_piece,
    code_budget,
    siret,
    libelle_budget,
    type_budget,
    numero_bordereau,
    numero_piece,
    numero_ligne,
    date_emission,
    type_piece,
    case code_section_retenue when 'F' then 'fonctionnement' when 'I' then 'investissement' end as section,
    code_chapitre,
    libelle_chapitre,
    compte,
    libelle_compte,
    code_fonction,
    code_collectivite,
    est_contribution,
    -- some tools write a cancelled amount with its sign, others without
    case when type_piece in ('réduction', 'annulation') then -abs(montant_budgetaire_eur) else montant_budgetaire_eur end
        as montant_eur,
    case when type_piece in ('réduction', 'annulation') then -abs(montant_ttc_eur) else montant_ttc_eur end
        as montant_ttc_eur,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    case when motif_exclusion = 'doublon' then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from qualifiees
