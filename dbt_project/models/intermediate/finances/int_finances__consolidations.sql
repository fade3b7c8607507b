-- The totals that the accounts give of themselves, with their weight: those of the budget that the document is about.
-- Some vendors write those of one budget, mostly the principal, under the SIRETs of others. There is one principal, and
-- one type, code and label is one budget: once its accounts have come, such a total names no budget of these SIRETs.
with consolidations as (
    select
        exercice,
        siret_agrege,
        code_agregat,
        code_budget_agrege,
        libelle_budget_agrege,
        groupe,
        code_section,
        code_sens,
        credits_ouverts_eur,
        realise_eur,
        restes_a_realiser_eur,
        bool_or(code_agregat = '01') over un_siret as a_totaux_de_principal,
        bool_or(code_agregat = '02') over un_siret as a_totaux_d_annexe,
        coalesce(
            case when trim(libelle_budget_agrege) <> '' then nullif(trim(code_budget_agrege), '') end
            || ' ' || {{ normalise_libelle('libelle_budget_agrege') }},
            siret_agrege
        ) as budget_agrege,
        {{ document_id('numero_budget') }} as document_id,
        {{ document_id('numero_budget') }} || '/consolidation/' || cast(numero_element as string) as consolidation_id,
        _livraison,
        _fichier,
        _feuille,
        _ligne
    from {{ source('lake', 'budget__consolidations') }}
    window un_siret as (partition by exercice, _fichier, numero_budget, siret_agrege)
),

comptes as (
    select exercice, siret, coalesce(bool_or(type_budget = 'principal'), false) as est_principal
    from {{ ref('int_finances__documents') }}
    where est_compte_administratif and motif <> 'document d’un autre organisme'
    group by exercice, siret
),

principaux as (
    select distinct exercice from comptes
    where est_principal
),

rattaches as (
    select
        consolidations.*,
        documents.siret,
        documents.poids as poids_document,
        documents.motif as motif_document,
        documents.est_compte_administratif,
        -- annexes may share the SIRET of their principal, which gives its own totals alongside theirs
        consolidations.siret_agrege <> documents.siret
        or (documents.type_budget = 'principal' and consolidations.code_agregat = '02' and consolidations.a_totaux_de_principal)
        or (documents.type_budget = 'annexe' and consolidations.code_agregat = '01' and consolidations.a_totaux_d_annexe)
            as est_d_un_autre,
        coalesce(comptes.est_principal, false) as est_siret_du_principal,
        min(consolidations.siret_agrege) over budget as premier_siret,
        max(consolidations.siret_agrege) over budget as dernier_siret,
        case consolidations.code_agregat
            when '01' then principaux.exercice is not null
            else max(comptes.siret) over budget is not null
        end as est_arrive
    from consolidations
    inner join {{ ref('int_finances__documents') }} as documents on consolidations.document_id = documents.document_id
    left join comptes
        on consolidations.exercice = comptes.exercice
        and consolidations.siret_agrege = comptes.siret
    left join principaux on consolidations.exercice = principaux.exercice
    window budget as (partition by consolidations.document_id, consolidations.code_agregat, consolidations.budget_agrege)
),

qualifies as (
    select
        *,
        case
            when poids_document = 0 then motif_document
            when not est_compte_administratif then 'budget, qui ne constate rien'
            when groupe is not null then 'total de plusieurs budgets'
            when
                est_d_un_autre and case
                    when not est_arrive then siret_agrege <> premier_siret
                    when code_agregat = '01' then not est_siret_du_principal
                    else premier_siret <> dernier_siret
                end
                then 'total d’un budget connu sous un autre SIRET'
            when est_d_un_autre then 'total d’un autre budget'
            when coalesce(code_section not in ('I', 'F'), true) then 'section ou sens absent'
            when coalesce(code_sens not in ('D', 'R'), true) then 'section ou sens absent'
        end as motif_exclusion
    from rattaches
)

select
    consolidation_id,
    document_id,
    exercice,
    siret,
    siret_agrege,
    case code_agregat when '01' then 'principal' when '02' then 'annexe' end as type_agrege,
    code_budget_agrege,
    libelle_budget_agrege,
    case code_section when 'F' then 'fonctionnement' when 'I' then 'investissement' end as section,
    case code_sens when 'D' then 'dépense' when 'R' then 'recette' end as sens,
    credits_ouverts_eur,
    realise_eur,
    restes_a_realiser_eur,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from qualifies
