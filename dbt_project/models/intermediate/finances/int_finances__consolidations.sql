-- The totals that the accounts give of themselves, with their weight: those of the budget that the document is about.
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
        bool_or(code_agregat = '01') over (partition by exercice, _fichier, numero_budget, siret_agrege) as a_ses_totaux,
        {{ document_id('numero_budget') }} as document_id,
        {{ document_id('numero_budget') }} || '/consolidation/' || cast(numero_element as string) as consolidation_id,
        _livraison,
        _fichier,
        _feuille,
        _ligne
    from {{ source('lake', 'budget__consolidations') }}
),

qualifies as (
    select
        consolidations.*,
        documents.siret,
        case
            when documents.poids = 0 then documents.motif
            when not documents.est_compte_administratif then 'budget, qui ne constate rien'
            when consolidations.groupe is not null then 'total de plusieurs budgets'
            when consolidations.siret_agrege <> documents.siret then 'total d’un autre budget'
            -- annexes may share the SIRET of their principal, which gives its own totals alongside theirs
            when documents.type_budget = 'principal' and consolidations.code_agregat = '02' and consolidations.a_ses_totaux
                then 'total d’un autre budget'
            when coalesce(consolidations.code_section not in ('I', 'F'), true) then 'section ou sens absent'
            when coalesce(consolidations.code_sens not in ('D', 'R'), true) then 'section ou sens absent'
        end as motif_exclusion
    from consolidations
    inner join {{ ref('int_finances__documents') }} as documents on consolidations.document_id = documents.document_id
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
