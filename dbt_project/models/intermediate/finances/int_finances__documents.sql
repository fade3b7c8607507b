-- Every accepted document, with its weight: of the versions of one decision only the latest counts; of those that were sealed
-- together, the last file, which is for somebody to confirm unless they are one document (FIN-EX-AEQUO). There is one budget
-- primitif, one compte administratif and one CFU per budget and exercice; décisions modificatives are distinguished by
-- their number, and those without one by their seal: none replaces another, they follow one another by date, then file.
-- A document that calls itself a draft counts by decision alone (FIN-PROJET).
with entetes as (
    select
        *,
        -- « BUDGET PRINCIPAL 2025 », « Exercice 2025 »: some vendors give the document's title, not the budget's name
        case
            when
                position(cast(exercice as string) in libelle_budget) > 0
                and regexp_replace(lower(libelle_budget), '^(budget|exercice|compte|bp|ca|cfu|dm)[^a-zé].*$', '') = ''
                then trim(regexp_replace(
                    lower(libelle_budget), '[-,( ]*(exercice)? *' || cast(exercice as string) || '.*$', ''
                ))
        end as titre
    from {{ ref('int_finances__entetes') }}
),

lus as (
    select
        entetes.*,
        coalesce(
            case code_type_budget when 'P' then 'principal' when 'A' then 'annexe' end,
            budgets.type_budget,
            case when entetes.siret_budget_principal <> entetes.siret and length(entetes.siret_budget_principal) = 14 then 'annexe' end
        ) as type_budget,
        left(entetes.siret, 9) as siren,
        'budget ' || entetes.siret
        || coalesce(' ' || nullif(case when budgets.siret is null then entetes.code_budget else budgets.code_budget end, ''), '') as budget,
        upper(regexp_replace(trim(entetes.nomenclature), '^.*-', '')) as declinaison,
        coalesce(
            budgets.libelle_budget,
            case
                when entetes.titre is null then entetes.libelle_budget
                when regexp_replace(
                    entetes.titre, '^(budget( primitif)?|compte( administratif| financier unique)?|exercice|bp|ca|cfu|dm)$', ''
                ) = '' then entetes.libelle_collectivite
                else left(trim(entetes.libelle_budget), length(entetes.titre))
            end
        ) as nom_budget
    from entetes
    left join {{ ref('int_finances__budgets') }} as budgets
        on entetes.exercice = budgets.exercice
        and entetes.siret = budgets.siret
        and coalesce(budgets.code_budget, entetes.code_budget) = entetes.code_budget
),

documents as (
    select
        lus.*,
        -- the bytes of what was delivered, the member of an archive, the document inside
        fichiers.sha256 || substr(lus._fichier, length(fichiers.fichier) + 1) || '#' || cast(lus.numero_budget as string)
            as cle_document,
        lus.est_projet and decisions.cle is null as est_tenu_a_l_ecart,
        case
            when lus.code_nature_decision = '02' and lus.numero_decision = ''
                then coalesce(lus.sceau_sha1 || '#' || cast(lus.numero_budget as string), lus.document_id)
            when lus.code_nature_decision in ('02', '03') then lus.numero_decision
            else ''
        end as decision
    from lus
    left join {{ source('collecte', 'fichiers') }} as fichiers
        on lus._livraison = fichiers.livraison and split_part(lus._fichier, '/', 1) = fichiers.fichier
    left join {{ source('collecte', 'decisions') }} as decisions
        on decisions.code = 'FIN-PROJET'
        and decisions.cle
        = fichiers.sha256 || substr(lus._fichier, length(fichiers.fichier) + 1) || '#' || cast(lus.numero_budget as string)
),

versions as (
    select
        document_id,
        cle_document,
        row_number() over versions_d_une_decision as rang_version,
        first_value(cle_document) over versions_d_une_decision as cle_retenue,
        rank() over (
            partition by siret, code_budget, exercice, code_nature_decision, decision
            order by sceau_horodatage desc nulls last, date_document desc nulls last
        ) as rang_sceau
    from documents
    where not est_tenu_a_l_ecart and not est_entete_refuse and exercice_document = exercice
    window
        versions_d_une_decision as (
            partition by siret, code_budget, exercice, code_nature_decision, decision
            order by sceau_horodatage desc nulls last, date_document desc nulls last, _fichier desc nulls last, document_id desc nulls last
        )
),

-- A budget whose compte financier unique has arrived: it replaces the compte administratif.
cfu as (
    select distinct siret, code_budget, exercice
    from documents
    where code_nature_decision = '10' and not est_tenu_a_l_ecart and not est_entete_refuse and exercice_document = exercice
),

comptes_votes as (
    select distinct siret, code_budget, exercice
    from documents
    where
        code_nature_decision in ('09', '10') and not est_tenu_a_l_ecart and not est_entete_refuse and exercice_document = exercice
),

qualifies as (
    select
        documents.*,
        versions.rang_version,
        {{ motif({
            'document dont une ligne est illisible': 'documents.est_entete_refuse',
            'document d’un autre exercice': 'documents.exercice_document <> documents.exercice',
            'document d’un autre organisme': 'documents.siren <> profil.siren',
            'nature de décision inconnue': "documents.code_nature_decision not in ('01', '02', '03', '09', '10')",
            'nomenclature dont aucun plan de comptes n’est connu': 'familles.famille is null',
            'compte déclaré projet, sans compte voté à sa place':
                "documents.est_tenu_a_l_ecart and documents.code_nature_decision in ('09', '10') and comptes_votes.siret is null",
            'projet de budget, non voté': 'documents.est_tenu_a_l_ecart',
            'document remplacé par une version plus récente': 'versions.rang_sceau > 1',
            'document déposé deux fois': 'versions.rang_version > 1 and versions.cle_document = versions.cle_retenue',
            'document que son sceau ne départage pas d’une autre version': 'versions.rang_version > 1',
            'compte administratif remplacé par le compte financier unique':
                "documents.code_nature_decision = '09' and cfu.siret is not null",
        }) }} as motif
    from documents
    cross join {{ source('organisation', 'profil') }} as profil
    left join comptes_votes
        on documents.siret = comptes_votes.siret
        and documents.code_budget = comptes_votes.code_budget
        and documents.exercice = comptes_votes.exercice
    left join (select distinct famille from {{ ref('int_finances__plans_connus') }}) as familles
        on regexp_replace(documents.declinaison, '_.*$', '') = familles.famille
    left join versions on documents.document_id = versions.document_id
    left join cfu
        on documents.siret = cfu.siret
        and documents.code_budget = cfu.code_budget
        and documents.exercice = cfu.exercice
),

-- A document is all or nothing: with one unreadable line, what it would replace does not count either.
exclus as (
    select
        qualifies.*,
        coalesce(qualifies.motif, case when illisibles.document_id is not null then 'document dont une ligne est illisible' end)
            as motif_exclusion
    from qualifies
    left join (select distinct document_id from {{ ref('int_finances__lignes_refusees') }}) as illisibles
        on qualifies.document_id = illisibles.document_id
),

-- Several décisions modificatives without a number are numbered by rank, and say so.
ranges as (
    select
        *,
        case code_nature_decision
            when '01' then 'budget primitif'
            when '02' then 'décision modificative'
            when '03' then 'budget supplémentaire'
            when '09' then 'compte administratif'
            when '10' then 'compte financier unique'
        end as nature_decision,
        row_number() over sans_numero as rang_sans_numero,
        count(*) over (partition by siret, code_budget, exercice, code_nature_decision, numero_decision, motif_exclusion)
            as nb_sans_numero
    from exclus
    window
        sans_numero as (
            partition by siret, code_budget, exercice, code_nature_decision, numero_decision, motif_exclusion
            order by date_decision nulls last, _fichier nulls last, numero_budget nulls last
        )
),

nommees as (
    select
        *,
        nature_decision || case
            when code_nature_decision not in ('02', '03') then ''
            when numero_decision <> '' then ' n° ' || numero_decision
            when nb_sans_numero > 1 then ' sans numéro (' || cast(rang_sans_numero as string) || ')'
            else ''
        end as libelle_decision
    from ranges
)

select
    document_id,
    exercice,
    siret,
    siren,
    code_budget,
    nom_budget as libelle_budget,
    libelle_collectivite,
    siret_budget_principal,
    type_budget,
    budget,
    decision,
    code_nature_decision,
    nature_decision,
    code_nature_decision in ('09', '10') as est_compte_administratif,
    numero_decision,
    libelle_decision,
    -- what figures rest on (int_finances__pieces)
    coalesce(
        case when code_nature_decision in ('09', '10') then 'comptes' else libelle_decision end || ', ' || budget,
        'document illisible, ' || _fichier || ':' || cast(_ligne as string)
    ) as piece,
    case when numero_decision = '' and nb_sans_numero > 1 then rang_sans_numero end as rang_sans_numero,
    est_projet,
    est_entete_refuse,
    cle_document,
    -- « M57_A » is written « M57-M57_A » in the official plans; every M4x belongs to the norm M4
    case when declinaison like 'M4%' then 'M4' else regexp_replace(declinaison, '_.*$', '') end
    || '-' || declinaison as nomenclature,
    declinaison,
    code_reprise_resultats,
    date_document,
    date_decision,
    editeur,
    sceau_sha1,
    sceau_horodatage,
    nb_lignes,
    nb_lignes_calculees,
    nb_emprunts,
    rang_version,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from nommees
