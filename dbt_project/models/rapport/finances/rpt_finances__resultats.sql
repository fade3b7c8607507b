-- The result of each section in the accounts of the year: the carried-over 001 and 002 are inside the cumulative one. A
-- section with a side that does not say what was done has none. Of the cumulative result of the year before, what is not
-- carried over is told; it went to investment where account 1068 (M14, M57: excédents de fonctionnement capitalisés) has
-- that very amount. What the result of the year owes to receipts and to expenditure is told against the year before, the
-- carried-over amounts apart; the chapter that explains about all of either (four to six fifths of it, and no other does)
-- is named.
with sections as (
    select sections.*, documents.code_budget
    from {{ ref('rpt_finances__sections') }} as sections
    inner join {{ ref('fct_documents_budgetaires') }} as documents on sections.document_id = documents.document_id
    where documents.est_compte_administratif and sections.section <> 'indéterminée'
),

-- what the last of the year's budgets says of it
reprises as (
    select
        siret,
        code_budget,
        exercice,
        code_reprise_resultats,
        row_number() over (
            partition by siret, code_budget, exercice order by date_document desc nulls last, document_id desc nulls last
        ) as rang
    from {{ ref('fct_documents_budgetaires') }}
    where code_nature_decision in ('01', '03') and code_reprise_resultats in ('1', '2', '3')
),

totaux as (
    select
        exercice,
        document_id,
        siret,
        code_budget,
        libelle_budget,
        type_budget,
        section,
        sum(case sens_budgetaire when 'dépense' then credits_ouverts_eur else 0 end) as credits_depenses_eur,
        sum(case sens_budgetaire when 'recette' then credits_ouverts_eur else 0 end) as credits_recettes_eur,
        sum(case sens_budgetaire when 'dépense' then realise_eur else 0 end) as depenses_eur,
        sum(case sens_budgetaire when 'recette' then realise_eur else 0 end) as recettes_eur,
        sum(case sens_budgetaire when 'recette' then realise_reporte_eur else -realise_reporte_eur end) as report_eur,
        sum(case sens_budgetaire when 'recette' then realise_eur - realise_reporte_eur else 0 end) as recettes_propres_eur,
        sum(case sens_budgetaire when 'dépense' then realise_eur - realise_reporte_eur else 0 end) as depenses_propres_eur,
        sum(case sens_budgetaire when 'recette' then realise_eur else -realise_eur end) as resultat_cumule_eur,
        case
            when count(*) = count(restes_a_realiser_eur)
                then sum(case sens_budgetaire when 'recette' then restes_a_realiser_eur else -restes_a_realiser_eur end)
        end as solde_restes_eur
    from sections
    group by exercice, document_id, siret, code_budget, libelle_budget, type_budget, section
    having count(*) = count(realise_eur)
),

precedents as (
    select
        siret,
        code_budget,
        exercice + 1 as exercice,
        section,
        max(resultat_cumule_eur) as resultat_cumule_eur,
        max(recettes_propres_eur) as recettes_propres_eur,
        max(depenses_propres_eur) as depenses_propres_eur
    from totaux
    group by siret, code_budget, exercice, section
    having count(*) = 1
),

chapitres as (
    select
        totaux.siret,
        totaux.code_budget,
        totaux.exercice,
        lignes.section,
        lignes.sens_budgetaire,
        lignes.code_chapitre,
        max(lignes.libelle_chapitre) as libelle_chapitre,
        sum(lignes.realise_eur) as realise_eur
    from totaux
    inner join {{ ref('fct_lignes_documents') }} as lignes
        on totaux.document_id = lignes.document_id and totaux.section = lignes.section
    where lignes.code_chapitre not in ('001', '002')
    group by
        totaux.siret, totaux.code_budget, totaux.exercice, lignes.section, lignes.sens_budgetaire, lignes.code_chapitre
),

changements as (
    select siret, code_budget, exercice, section, sens_budgetaire, code_chapitre, libelle_chapitre, realise_eur
    from chapitres
    union all
    select
        siret,
        code_budget,
        exercice + 1 as exercice,
        section,
        sens_budgetaire,
        code_chapitre,
        libelle_chapitre,
        -realise_eur as realise_eur
    from chapitres
),

effets as (
    select
        siret,
        code_budget,
        exercice,
        section,
        sens_budgetaire,
        max(libelle_chapitre) as libelle_chapitre,
        sum(realise_eur) as effet_eur,
        sum(sum(realise_eur)) over (partition by siret, code_budget, exercice, section, sens_budgetaire) as effet_total_eur
    from changements
    group by siret, code_budget, exercice, section, sens_budgetaire, code_chapitre
),

explications as (
    select
        siret,
        code_budget,
        exercice,
        section,
        sens_budgetaire,
        max(libelle_chapitre) as libelle_chapitre
    from effets
    where
        effet_total_eur <> 0
        and effet_eur * sign(effet_total_eur) between 0.8 * abs(effet_total_eur) and 1.2 * abs(effet_total_eur)
    group by siret, code_budget, exercice, section, sens_budgetaire
    having count(*) = 1
),

reserves as (
    select document_id, sum(realise_eur) as reserve_eur
    from {{ ref('fct_lignes_documents') }}
    where compte = '1068' and type_operation = 'réelle' and sens_budgetaire = 'recette'
    group by document_id
)

select
    cast(totaux.exercice as integer) as exercice,
    cast(totaux.document_id as string) as document_id,
    cast(totaux.siret as string) as siret,
    cast(totaux.libelle_budget as string) as libelle_budget,
    cast(totaux.type_budget as string) as type_budget,
    cast(totaux.section as string) as section,
    cast(totaux.credits_depenses_eur as decimal(18, 2)) as credits_depenses_eur,
    cast(totaux.credits_recettes_eur as decimal(18, 2)) as credits_recettes_eur,
    cast(totaux.depenses_eur as decimal(18, 2)) as depenses_eur,
    cast(totaux.recettes_eur as decimal(18, 2)) as recettes_eur,
    cast(totaux.report_eur as decimal(18, 2)) as report_eur,
    cast(precedents.resultat_cumule_eur as decimal(18, 2)) as resultat_precedent_eur,
    cast(totaux.report_eur - precedents.resultat_cumule_eur as decimal(18, 2)) as non_reporte_eur,
    cast(
        case
            when
                totaux.section = 'fonctionnement'
                and precedents.resultat_cumule_eur - totaux.report_eur = reserves.reserve_eur
                then nullif(reserves.reserve_eur, 0)
        end as decimal(18, 2)
    ) as affecte_investissement_eur,
    cast(
        case reprises.code_reprise_resultats
            when '1' then 'sans reprise au budget'
            when '2' then 'reprise anticipée'
            when '3' then 'reprise après le vote du compte administratif'
        end as string
    ) as reprise_resultats,
    cast(precedents.recettes_propres_eur - precedents.depenses_propres_eur as decimal(18, 2)) as resultat_exercice_precedent_eur,
    cast(totaux.recettes_propres_eur - precedents.recettes_propres_eur as decimal(18, 2)) as effet_recettes_eur,
    cast(precedents.depenses_propres_eur - totaux.depenses_propres_eur as decimal(18, 2)) as effet_depenses_eur,
    cast(case when precedents.siret is not null then recettes.libelle_chapitre end as string) as chapitre_effet_recettes,
    cast(case when precedents.siret is not null then depenses.libelle_chapitre end as string) as chapitre_effet_depenses,
    cast(totaux.resultat_cumule_eur - totaux.report_eur as decimal(18, 2)) as resultat_exercice_eur,
    cast(totaux.resultat_cumule_eur as decimal(18, 2)) as resultat_cumule_eur,
    cast(totaux.solde_restes_eur as decimal(18, 2)) as solde_restes_eur,
    cast(totaux.resultat_cumule_eur + totaux.solde_restes_eur as decimal(18, 2)) as resultat_avec_restes_eur,
    cast(
        case
            when totaux.section = 'investissement' and totaux.solde_restes_eur is not null
                then greatest(totaux.resultat_cumule_eur + totaux.solde_restes_eur, 0)
        end as decimal(18, 2)
    ) as excedent_financement_eur,
    cast(
        case
            when totaux.section = 'investissement' and totaux.solde_restes_eur is not null
                then greatest(-totaux.resultat_cumule_eur - totaux.solde_restes_eur, 0)
        end as decimal(18, 2)
    ) as besoin_financement_eur,
    {{ role_ligne() }}
from totaux
left join reprises
    on totaux.siret = reprises.siret
    and totaux.code_budget = reprises.code_budget
    and totaux.exercice = reprises.exercice
    and reprises.rang = 1
left join precedents
    on totaux.siret = precedents.siret
    and totaux.code_budget = precedents.code_budget
    and totaux.exercice = precedents.exercice
    and totaux.section = precedents.section
left join explications as recettes
    on totaux.siret = recettes.siret
    and totaux.code_budget = recettes.code_budget
    and totaux.exercice = recettes.exercice
    and totaux.section = recettes.section
    and recettes.sens_budgetaire = 'recette'
left join explications as depenses
    on totaux.siret = depenses.siret
    and totaux.code_budget = depenses.code_budget
    and totaux.exercice = depenses.exercice
    and totaux.section = depenses.section
    and depenses.sens_budgetaire = 'dépense'
left join reserves on totaux.document_id = reserves.document_id
