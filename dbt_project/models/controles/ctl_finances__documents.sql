-- The budget documents that do not count, those that may stand for another, and those that were expected.
{% set tables = "'budget/documents|budget/lignes|budget/emprunts'" %}  -- what a document that is lost takes away
with lus as (
    select
        documents.*,
        -- another document gives what this one would
        case when pieces.est_acceptee then 'rien' else 'manque' end as effet,
        lake.exercice_document,
        lake.libelle_etablissement as nom,
        {{ normalise_libelle('lake.libelle_etablissement') }} as nom_simple
    from {{ ref('int_finances__documents') }} as documents
    inner join {{ source('lake', 'budget__documents') }} as lake
        on documents.exercice = lake.exercice
        and documents._livraison = lake._livraison
        and documents._fichier = lake._fichier
        and documents._ligne = lake._ligne
    left join {{ ref('int_finances__pieces') }} as pieces
        on documents.exercice = pieces.exercice and documents.piece = pieces.piece and pieces.source = 'budget/documents'
),

-- A document and the one that replaces it, when they name their budget differently, or are decisions of two days: a
-- budget is voted once a year, whatever the day.
remplaces as (
    select distinct
        a.exercice,
        coalesce(a.nom, a.siret) as budget,
        a.libelle_decision,
        a.piece,
        coalesce(a.nom_simple, '') <> coalesce(b.nom_simple, '') as est_autre_budget,
        b.nom as nom_suivant,
        b.date_decision as date_suivante,
        b._fichier || ':' || cast(b._ligne as string) as suivant,
        a._fichier,
        a._ligne
    from lus as a
    inner join lus as b
        on a.exercice = b.exercice
        and a.siret = b.siret
        and a.code_budget = b.code_budget
        and a.code_nature_decision = b.code_nature_decision
        and b.rang_version = 1
    where
        a.motif = 'document remplacé par une version plus récente'
        and (a.code_nature_decision not in ('02', '03') or (a.numero_decision = b.numero_decision and a.numero_decision <> ''))
        and (
            coalesce(a.nom_simple, '') <> coalesce(b.nom_simple, '')
            or (a.code_nature_decision in ('02', '03') and a.date_decision <> b.date_decision)
        )
),

-- versions of one decision that were sealed together, and are not one document
ex_aequo as (
    select
        retenus.exercice,
        retenus.budget,
        retenus.libelle_decision,
        retenus.piece,
        retenus._fichier || ':' || cast(retenus._ligne as string) as retenu,
        retenus.sceau_horodatage is null as est_sans_date,
        retenus._fichier,
        retenus._ligne,
        count(*) as nb_autres,
        {{ texte_joint("autres._fichier || ':' || cast(autres._ligne as string)", 'autres.document_id') }} as autres,
        retenus.cle_document || ' ' || {{ texte_joint('autres.cle_document', 'autres.document_id') }} as cle
    from lus as retenus
    inner join lus as autres
        on retenus.exercice = autres.exercice
        and retenus.siret = autres.siret
        and retenus.code_budget = autres.code_budget
        and retenus.code_nature_decision = autres.code_nature_decision
        and retenus.decision = autres.decision
    where retenus.rang_version = 1 and retenus.poids = 1 and autres.motif = 'document que son sceau ne départage pas d’une autre version'
    group by
        retenus.exercice, retenus.budget, retenus.libelle_decision, retenus.piece, retenus.sceau_horodatage,
        retenus._fichier, retenus._ligne, retenus.cle_document
),

refusees as (
    select
        *,
        count(*) over (partition by document_id) as nb_lignes,
        row_number() over (partition by document_id order by ligne nulls last, nom_table nulls last) as rang
    from {{ ref('int_finances__lignes_refusees') }}
),

documents as (
    select faits.*, lignes.piece
    from {{ ref('fct_documents_budgetaires') }} as faits
    inner join {{ ref('int_finances__documents') }} as lignes on faits.document_id = lignes.document_id
),

comptes as (
    select
        exercice, siret, code_budget, max(libelle_budget) as libelle_budget, max(type_budget) as type_budget, sum(nb_lignes) as nb_lignes
    from documents
    where est_compte_administratif
    group by exercice, siret, code_budget
),

-- An organisation has one principal budget; annexes that share a SIRET and an exercice are told apart by the declared
-- codes. Two accounts that may be of one budget under two codes would count twice.
confondus as (
    select
        exercice,
        case when type_budget <> 'principal' or type_budget is null then siret end as siret_commun,
        count(*) as nb_comptes,
        {{ texte_joint("fichier || ' (' || siret || ' ' || code_budget || ')'", 'document_id') }} as fichiers,
        {{ texte_joint('piece', 'document_id', '|') }} as piece
    from documents
    where
        est_compte_administratif
        and (
            type_budget = 'principal' or not exists (
                select 1 from {{ source('organisation', 'budgets') }} as budgets
                where budgets.siret = documents.siret and budgets.code_budget = documents.code_budget
            )
        )
    group by exercice, type_budget, case when type_budget <> 'principal' or type_budget is null then siret end
    having count(*) > 1
),

-- two budgets under one SIRET have two codes: two documents left for one vote of one SIRET deserve a look
doubles as (
    select
        exercice, siret, code_nature_decision || coalesce(' ' || nullif(numero_decision, ''), '') as decision,
        max(libelle_decision) as libelle_decision, count(*) as nb_documents,
        {{ texte_joint("fichier || ' (' || code_budget || ')'", 'document_id') }} as fichiers,
        {{ texte_joint('piece', 'document_id', '|') }} as piece
    from documents
    where
        not est_compte_administratif and rang_sans_numero is null
        and not exists (
            select 1 from {{ source('organisation', 'budgets') }} as budgets
            where budgets.siret = documents.siret and budgets.code_budget = documents.code_budget
        )
    group by exercice, siret, code_nature_decision || coalesce(' ' || nullif(numero_decision, ''), '')
    having count(*) > 1
),

sans_numero as (
    select
        exercice, siret, code_budget, max(libelle_budget) as libelle_budget, count(*) as nb_decisions,
        {{ texte_joint("fichier || ' (' || coalesce(" ~ jour_ecrit('date_decision') ~ ", 'sans date') || ')'", 'rang_sans_numero') }}
            as fichiers,
        {{ texte_joint('piece', 'document_id', '|') }} as piece
    from documents
    where rang_sans_numero is not null
    group by exercice, siret, code_budget
),

-- budgets that some documents call principal and others annexe, in an exercice and the ones around it
types as (
    select
        dits.exercice, dits.siret, dits.code_budget, dits.libelle_budget, dits.type_budget, dits.fichier, dits.piece,
        {{ texte_joint("autres.fichier || ' (' || cast(autres.exercice as string) || ')'", 'autres.fichier, autres.exercice') }} as autres
    from (
        select
            exercice, siret, code_budget, max(libelle_budget) as libelle_budget, max(type_budget) as type_budget, min(fichier) as fichier,
            {{ texte_joint('piece', 'document_id', '|') }} as piece
        from documents
        group by exercice, siret, code_budget
    ) as dits
    inner join documents as autres
        on dits.siret = autres.siret
        and dits.code_budget = autres.code_budget
        and abs(dits.exercice - autres.exercice) <= 1
        and dits.type_budget <> autres.type_budget
    group by dits.exercice, dits.siret, dits.code_budget, dits.libelle_budget, dits.type_budget, dits.fichier, dits.piece
),

-- the organisation declares other budgets, but not this one
non_declares as (
    select
        *,
        count(*) over budget_annuel as nb_documents,
        max(libelle_budget) over budget_annuel as libelle,
        max(type_budget) over budget_annuel as type_dit,
        row_number() over (partition by exercice, siret, code_budget, famille order by document_id nulls last) as rang
    from (select *, regexp_replace(declinaison, '_.*$', '') as famille from documents) as documents
    where
        exists (select 1 from {{ source('organisation', 'budgets') }})
        and not exists (
            select 1 from {{ source('organisation', 'budgets') }} as budgets
            where
                budgets.siret = documents.siret
                and coalesce(budgets.code_budget, documents.code_budget) = documents.code_budget
                and coalesce(budgets.type_budget, documents.type_budget) is not distinct from documents.type_budget
                and budgets.nomenclature in (documents.declinaison, documents.famille)
                and documents.exercice between coalesce(budgets.exercice_debut, documents.exercice)
                and coalesce(budgets.exercice_fin, documents.exercice)
        )
    window budget_annuel as (partition by exercice, siret, code_budget, famille)
),

-- a year of which nobody says what budgets the organisation has: an annexe that nothing names would not be missed
listes as (
    select
        exercice,
        count(*) as nb_budgets,
        {{ texte_joint("coalesce(libelle_budget, siret || ' ' || code_budget)", 'siret, code_budget') }} as budgets,
        -- as lines of organisation.yml, for a person to confirm
        {{ texte_joint(
            "'- {siret: \"' || siret || '\", code: \"' || code_budget || '\"'"
            ~ " || coalesce(', libelle: \"' || translate(libelle_budget, '\"' || chr(10), '  ') || '\"', '')"
            ~ " || coalesce(', type: ' || type_budget, '')"
            ~ " || ', nomenclature: ' || famille || ', debut: ' || cast(exercice as string) || '}'",
            'siret, code_budget', '\n  '
        ) }} as lignes
    from (
        select
            exercice, siret, code_budget, max(libelle_budget) as libelle_budget, max(type_budget) as type_budget,
            max(regexp_replace(declinaison, '_.*$', '')) as famille
        from documents
        group by exercice, siret, code_budget
    ) as recus
    where not exists (select 1 from {{ source('organisation', 'budgets') }})
    group by exercice
),

-- What was expected and did not come: one finding each, with what was voted of it and what other accounts say of it.
absents as (
    select
        pieces.exercice,
        pieces.siret,
        pieces.piece,
        pieces.est_declaree,
        pieces.est_votee,
        max(dits.libelle_budget) as libelle_budget,
        sum(case when dits.controle = 'FIN-COMPTE-ABSENT' then dits.attendu_eur end) as votes_eur,
        {% for section in ('fonctionnement', 'investissement') %}
            {% for sens in ('dépense', 'recette') %}
                sum(
                    case
                        when dits.controle = 'FIN-ANNEXE-ABSENTE' and dits.section = '{{ section }}' and dits.sens_budgetaire = '{{ sens }}'
                            then dits.attendu_eur
                    end
                ) as {{ sens | replace('é', 'e') }}s_{{ section }}_eur,
            {% endfor %}
        {% endfor %}
        min(dits.fichier) as fichier,
        min(dits.ligne) as ligne
    from {{ ref('int_finances__pieces') }} as pieces
    inner join {{ ref('int_communs__collecte') }} as livraisons
        on pieces.source = livraisons.source and pieces.exercice = livraisons.exercice
        and livraisons.nature = 'livraison' and livraisons.est_acceptee
    left join {{ ref('rpt_finances__rapprochements') }} as dits
        on dits.controle in ('FIN-COMPTE-ABSENT', 'FIN-ANNEXE-ABSENTE')
        and pieces.est_compte_administratif
        and pieces.exercice = dits.exercice
        and pieces.siret = dits.siret
        and coalesce(pieces.code_budget, dits.code_budget, '') = coalesce(dits.code_budget, pieces.code_budget, '')
    where pieces.source = 'budget/documents' and pieces.est_attendue and not pieces.est_recue
    group by pieces.exercice, pieces.siret, pieces.piece, pieces.est_declaree, pieces.est_votee
)

select
    {{ constat(
        'FIN-LISTE', ou="'budget/documents'", recu='nb_budgets', effet='réserve', cle='budgets', valeurs={'budgets': 'budgets', 'lignes': 'lignes'},
        axes="'|est_compte_administratif=true|type_budget=annexe|'"
    ) }}
from listes
union all
select {{ constat('FIN-ORGANISME', ou="'budget/documents'", sujet='nature_decision', recu='siret', fichier='fichier', ligne='ligne') }}
from {{ ref('fct_documents_ecartes') }}
where motif = 'document d’un autre organisme'
union all
select
    {{ constat(
        'FIN-NOMENCLATURE', ou="'budget/documents'", sujet='nomenclature', recu="coalesce(libelle_decision, 'document')", effet='effet',
        source=tables, piece='piece', fichier='_fichier', ligne='_ligne'
    ) }}
from lus
where motif = 'nomenclature dont aucun plan de comptes n’est connu'
union all
select
    {{ constat(
        'FIN-EXERCICE', ou="'budget/documents'", sujet='_fichier', recu='exercice_document', effet='effet',
        source=tables, piece='piece', fichier='_fichier', ligne='_ligne'
    ) }}
from lus
where exercice_document <> exercice
union all
select
    {{ constat(
        'FIN-ILLISIBLE', ou="'budget/documents'", severite="'bloquant'", exercice='ecartes.exercice', recu='refusees.nb_lignes', effet='manque',
        sujet="concat_ws(', ', coalesce(ecartes.libelle_decision, 'document'), coalesce(ecartes.libelle_budget, ecartes.siret))",
        source=tables, piece='ecartes.piece', fichier='refusees.fichier', ligne='refusees.ligne', cle='ecartes.document_id',
        valeurs={'table': 'refusees.nom_table', 'colonnes': 'refusees.colonnes', 'regle': 'refusees.regle'}
    ) }}
from {{ ref('int_finances__documents') }} as ecartes
inner join refusees on ecartes.document_id = refusees.document_id and refusees.rang = 1
where ecartes.motif = 'document dont une ligne est illisible'
union all
select
    {{ constat(
        'FIN-PROJET', ou="'budget/documents'", cle='cle_document', effet='effet',
        sujet="concat_ws(', ', libelle_decision, coalesce(libelle_budget, siret), _fichier || ':' || cast(_ligne as string))",
        source=tables, piece='piece',
        valeurs={'est_date': 'date_decision is not null', 'est_compte': "motif = 'compté'"}
    ) }}
from lus
where est_projet and motif in ('compté', 'projet de budget, non voté', 'compte déclaré projet, sans compte voté à sa place')
union all
select
    {{ constat(
        'FIN-REMPLACE', ou="'budget/documents'", sujet="concat_ws(', ', libelle_decision, budget)", recu='suivant', effet='réserve',
        piece='piece', fichier='_fichier', ligne='_ligne',
        valeurs={'est_autre_budget': 'est_autre_budget', 'nom': 'nom_suivant', 'jour': jour_ecrit('date_suivante')}
    ) }}
from remplaces
union all
select
    {{ constat(
        'FIN-EX-AEQUO', ou="'budget/documents'", sujet="concat_ws(', ', libelle_decision, budget)", recu='retenu', effet='réserve',
        piece='piece',
        fichier='_fichier', ligne='_ligne', cle='cle', valeurs={'autres': 'autres', 'nb_autres': 'nb_autres', 'est_sans_date': 'est_sans_date'}
    ) }}
from ex_aequo
union all
select
    {{ constat(
        'FIN-NUMERO', ou="'budget/documents'", sujet='coalesce(libelle_budget, siret)', recu='nb_decisions', effet='réserve',
        piece='piece', cle="siret || ' ' || code_budget", valeurs={'fichiers': 'fichiers'}
    ) }}
from sans_numero
union all
select
    {{ constat(
        'FIN-DOUBLE', ou="'budget/documents'", sujet="libelle_decision || ', ' || siret", recu='nb_documents', effet='réserve',
        piece='piece', cle="siret || ' ' || decision", valeurs={'fichiers': 'fichiers'}
    ) }}
from doubles
union all
select
    {{ constat(
        'FIN-TYPE', ou="'budget/documents'", sujet='coalesce(libelle_budget, siret)', attendu='type_budget', recu='autres', effet='réserve',
        piece='piece', cle="siret || ' ' || code_budget", valeurs={'fichier': 'fichier'}
    ) }}
from types
union all
select
    {{ constat(
        'FIN-PRINCIPAUX', ou="'budget/documents'", attendu='siret_commun', recu='nb_comptes', effet='réserve', piece='piece', cle='siret_commun',
        valeurs={'fichiers': 'fichiers'}
    ) }}
from confondus
union all
-- the budgets that had accounts the year before, in a year that has accounts of others, and that nothing names this time
select
    {{ constat(
        'FIN-DISPARU', ou="'budget/documents'", exercice='avant.exercice + 1', sujet='coalesce(avant.libelle_budget, avant.siret)',
        attendu='avant.nb_lignes', effet='réserve', cle="avant.siret || ' ' || avant.code_budget",
        axes="'|est_compte_administratif=true|' || coalesce('type_budget=' || avant.type_budget || '|', '')",
        valeurs={'siret': 'avant.siret', 'code': 'avant.code_budget'}
    ) }}
from comptes as avant
where
    avant.exercice + 1 in (select exercice from comptes)
    and not exists (
        select 1 from documents
        where
            documents.exercice = avant.exercice + 1
            and documents.siret = avant.siret
            and documents.code_budget = avant.code_budget
    )
    and not exists (
        select 1 from {{ source('organisation', 'budgets') }} as budgets
        where budgets.siret = avant.siret
    )
    and not exists (
        select 1 from absents
        where absents.exercice = avant.exercice + 1 and absents.siret = avant.siret
    )
union all
select
    {{ constat(
        "case when est_declaree then 'FIN-ATTENDU' when est_votee then 'FIN-COMPTE-ABSENT' else 'FIN-ANNEXE-ABSENTE' end",
        ou="'budget/documents'", sujet='piece', attendu='piece', effet='manque', source=tables, piece='piece', cle='piece', fichier='fichier', ligne='ligne',
        ecart='-coalesce(votes_eur, coalesce(depenses_fonctionnement_eur, 0) + coalesce(depenses_investissement_eur, 0))',
        valeurs={
            'libelle': 'libelle_budget', 'votes': 'votes_eur',
            'depenses_fonctionnement': 'depenses_fonctionnement_eur', 'recettes_fonctionnement': 'recettes_fonctionnement_eur',
            'depenses_investissement': 'depenses_investissement_eur', 'recettes_investissement': 'recettes_investissement_eur',
        }
    ) }}
from absents
union all
-- the accounts that count but do not say what figures need: which budget, what was opened, done and left to do
select
    {{ constat(
        'FIN-NON-DIT', ou="'budget/documents'", sujet='piece', effet='manque', piece='piece', cle='piece',
        axes="concat_ws('', " ~ axes_vides(['type_budget', 'a_credits_fonctionnement', 'a_credits_investissement',
            'a_realise_fonctionnement', 'a_realise_investissement', 'a_restes']) ~ ")",
        valeurs={
            'sans_type': 'type_budget is null',
            'sans_credits_fonctionnement': 'a_credits_fonctionnement is null',
            'sans_credits_investissement': 'a_credits_investissement is null',
            'sans_realise_fonctionnement': 'a_realise_fonctionnement is null',
            'sans_realise_investissement': 'a_realise_investissement is null',
            'sans_restes': 'a_restes is null',
        }
    ) }}
from {{ ref('int_finances__pieces') }}
where
    source = 'budget/lignes' and est_acceptee and est_compte_administratif
    and not coalesce(
        type_budget <> '' and a_credits_fonctionnement and a_credits_investissement
        and a_realise_fonctionnement and a_realise_investissement and a_restes, false
    )
union all
select
    {{ constat(
        'FIN-NON-DECLARE', ou="'budget/documents'", sujet='coalesce(libelle, siret)', recu='nb_documents', fichier='fichier', ligne='ligne',
        cle="siret || ' ' || code_budget || ' ' || famille",
        valeurs={'siret': 'siret', 'code': 'code_budget', 'libelle': 'libelle', 'type': 'type_dit', 'nomenclature': 'famille'}
    ) }}
from non_declares
where rang = 1
