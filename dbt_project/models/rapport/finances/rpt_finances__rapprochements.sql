-- Every amount that two places must agree on, with both: an unequal one is a finding (ctl_finances__comptes).
with documents as (
    select *, libelle_decision as objet
    from {{ ref('fct_documents_budgetaires') }}
),

lignes as (
    select * from {{ ref('fct_lignes_documents') }}
),

-- A voted budget is balanced, section by section; so are the transfers of a décision modificative. A surplus of receipts
-- may be voted. A document that holds an unknown account is judged as a whole: that line is missing from a section.
equilibre as (
    select
        'FIN-EQUILIBRE' as controle,
        'Crédits d’une section, dépenses et recettes' as libelle_controle,
        documents.exercice,
        documents.document_id,
        documents.siret,
        documents.objet,
        lignes.section,
        cast(null as string) as sens_budgetaire,
        cast(null as string) as code_chapitre,
        sum(case lignes.sens_budgetaire when 'dépense' then lignes.credits_ouverts_eur else 0 end) as attendu_eur,
        sum(case lignes.sens_budgetaire when 'recette' then lignes.credits_ouverts_eur else 0 end) as constate_eur
    from lignes
    inner join documents on lignes.document_id = documents.document_id
    where documents.nb_lignes_compte_inconnu = 0
    group by documents.exercice, documents.document_id, documents.siret, documents.objet, lignes.section
),

equilibre_d_ensemble as (
    select
        'FIN-EQUILIBRE' as controle,
        'Crédits d’un document, dépenses et recettes' as libelle_controle,
        documents.exercice,
        documents.document_id,
        documents.siret,
        documents.objet,
        cast(null as string) as section,
        cast(null as string) as sens_budgetaire,
        cast(null as string) as code_chapitre,
        sum(case lignes.sens_budgetaire when 'dépense' then lignes.credits_ouverts_eur else 0 end) as attendu_eur,
        sum(case lignes.sens_budgetaire when 'recette' then lignes.credits_ouverts_eur else 0 end) as constate_eur
    from lignes
    inner join documents on lignes.document_id = documents.document_id
    where documents.nb_lignes_compte_inconnu > 0
    group by documents.exercice, documents.document_id, documents.siret, documents.objet
),

-- What one section gives the other receives; an operation inside a section has two equal sides.
paires_ordre (controle, libelle_controle, section, sens_budgetaire, code_chapitre, sens_oppose, code_chapitre_oppose) as (
    values
    ('FIN-VIREMENT', 'Virement entre sections, 023 et 021', 'fonctionnement', 'dépense', '023', 'recette', '021'),
    ('FIN-ORDRE', 'Ordre entre sections, 042 et 040', 'fonctionnement', 'dépense', '042', 'recette', '040'),
    ('FIN-ORDRE', 'Ordre entre sections, 042 et 040', 'fonctionnement', 'recette', '042', 'dépense', '040'),
    ('FIN-ORDRE', 'Opérations patrimoniales, 041', 'investissement', 'dépense', '041', 'recette', '041'),
    ('FIN-ORDRE', 'Ordre à l’intérieur du fonctionnement, 043', 'fonctionnement', 'dépense', '043', 'recette', '043')
),

ordre as (
    select
        paires_ordre.controle,
        paires_ordre.libelle_controle,
        documents.exercice,
        documents.document_id,
        documents.siret,
        documents.objet,
        paires_ordre.section,
        paires_ordre.sens_budgetaire,
        paires_ordre.code_chapitre,
        sum(
            case
                when lignes.sens_budgetaire = paires_ordre.sens_oppose and lignes.code_chapitre = paires_ordre.code_chapitre_oppose
                    then lignes.credits_ouverts_eur
                else 0
            end
        ) as attendu_eur,
        sum(
            case
                when lignes.sens_budgetaire = paires_ordre.sens_budgetaire and lignes.code_chapitre = paires_ordre.code_chapitre
                    then lignes.credits_ouverts_eur
                else 0
            end
        ) as constate_eur
    from lignes
    inner join documents on lignes.document_id = documents.document_id
    inner join paires_ordre
        on (lignes.sens_budgetaire = paires_ordre.sens_budgetaire and lignes.code_chapitre = paires_ordre.code_chapitre)
        or (lignes.sens_budgetaire = paires_ordre.sens_oppose and lignes.code_chapitre = paires_ordre.code_chapitre_oppose)
    where documents.nb_lignes_compte_inconnu = 0
    group by
        paires_ordre.controle,
        paires_ordre.libelle_controle,
        documents.exercice,
        documents.document_id,
        documents.siret,
        documents.objet,
        paires_ordre.section,
        paires_ordre.sens_budgetaire,
        paires_ordre.code_chapitre
),

-- The accounts of the year before, and where this year says what it takes up: its own accounts if they have come, else
-- its budgets, unless they say that they take nothing up (a budget may be voted before the accounts).
exercices_repris as (
    select
        siret,
        code_budget,
        exercice,
        bool_or(est_compte_administratif) as est_clos,
        bool_or(code_nature_decision in ('01', '03')) as est_vote,
        bool_or(code_nature_decision in ('01', '03') and code_reprise_resultats in ('2', '3')) as est_reprise_annoncee
    from documents
    group by siret, code_budget, exercice
),

repris as (
    select
        exercices_repris.siret,
        exercices_repris.code_budget,
        exercices_repris.exercice,
        exercices_repris.est_clos,
        exercices_repris.est_vote,
        exercices_repris.est_reprise_annoncee,
        sum(
            case
                when lignes.est_compte_administratif <> exercices_repris.est_clos then 0
                when lignes.code_chapitre = '002' or (lignes.compte = '1068' and lignes.type_operation = 'réelle')
                    then case lignes.sens_budgetaire when 'recette' then 1 else -1 end * lignes.credits_ouverts_eur
                else 0
            end
        ) as fonctionnement_eur,
        sum(
            case
                when lignes.est_compte_administratif <> exercices_repris.est_clos then 0
                when lignes.code_chapitre = '001'
                    then case lignes.sens_budgetaire when 'recette' then 1 else -1 end * lignes.credits_ouverts_eur
                else 0
            end
        ) as investissement_eur,
        count(*) filter (where lignes.code_chapitre in ('001', '002') and lignes.credits_ouverts_eur <> 0) as nb_reports
    from exercices_repris
    inner join lignes
        on exercices_repris.siret = lignes.siret
        and exercices_repris.code_budget = lignes.code_budget
        and exercices_repris.exercice = lignes.exercice
    group by
        exercices_repris.siret,
        exercices_repris.code_budget,
        exercices_repris.exercice,
        exercices_repris.est_clos,
        exercices_repris.est_vote,
        exercices_repris.est_reprise_annoncee
),

reprise as (
    select
        'FIN-REPRISE' as controle,
        'Résultat de l’exercice et sa reprise l’exercice suivant' as libelle_controle,
        avant.exercice,
        avant.document_id,
        avant.siret,
        'reprise en ' || cast(repris.exercice as string) as objet,
        avant.section,
        cast(null as string) as sens_budgetaire,
        case avant.section when 'fonctionnement' then '002' else '001' end as code_chapitre,
        avant.resultat_cumule_eur as attendu_eur,
        case avant.section when 'fonctionnement' then repris.fonctionnement_eur else repris.investissement_eur end
            as constate_eur
    from {{ ref('rpt_finances__resultats') }} as avant
    inner join documents on avant.document_id = documents.document_id
    inner join repris
        on documents.siret = repris.siret
        and documents.code_budget = repris.code_budget
        and documents.exercice + 1 = repris.exercice
    where repris.est_clos or (repris.est_vote and (repris.est_reprise_annoncee or repris.nb_reports > 0))
),

-- A budget that takes up results takes up the restes à réaliser too.
restes_repris as (
    select
        siret,
        code_budget,
        exercice,
        section,
        sens_budgetaire,
        sum(coalesce(restes_a_realiser_precedents_eur, 0)) as restes_eur
    from lignes
    where code_nature_decision in ('01', '03') and section is not null
    group by siret, code_budget, exercice, section, sens_budgetaire
),

restes as (
    select
        'FIN-RESTES' as controle,
        'Restes à réaliser et leur report au budget suivant' as libelle_controle,
        avant.exercice,
        avant.document_id,
        avant.siret,
        'report en ' || cast(avant.exercice + 1 as string) as objet,
        avant.section,
        avant.sens_budgetaire,
        cast(null as string) as code_chapitre,
        avant.restes_a_realiser_eur as attendu_eur,
        coalesce(restes_repris.restes_eur, 0) as constate_eur
    from {{ ref('rpt_finances__sections') }} as avant
    inner join documents on avant.document_id = documents.document_id
    inner join exercices_repris
        on documents.siret = exercices_repris.siret
        and documents.code_budget = exercices_repris.code_budget
        and documents.exercice + 1 = exercices_repris.exercice
    left join restes_repris
        on documents.siret = restes_repris.siret
        and documents.code_budget = restes_repris.code_budget
        and documents.exercice + 1 = restes_repris.exercice
        and avant.section = restes_repris.section
        and avant.sens_budgetaire = restes_repris.sens_budgetaire
    where
        documents.est_compte_administratif
        and avant.section <> 'indéterminée'
        and (exercices_repris.est_reprise_annoncee or restes_repris.restes_eur <> 0)
),

-- The document's own totals mean different things from vendor to vendor: with or without 001 and 002, credits with or
-- without restes à réaliser. They agree with us when they agree with either. A side that has no line is 0.
totaux_editeur as (
    select
        totaux.exercice,
        totaux.document_id,
        totaux.siret,
        totaux.section,
        totaux.sens_budgetaire,
        totaux.credits_ouverts_eur as credits_dits,
        totaux.realise_eur as realise_dit,
        totaux.restes_a_realiser_eur as restes_dits,
        totaux.consolidation_id,
        totaux.fichier,
        totaux.ligne,
        case when sections.document_id is null then 0 else sections.credits_ouverts_eur end as credits,
        case when sections.document_id is null then 0 else sections.realise_eur end as realise,
        case when sections.document_id is null then 0 else sections.realise_eur - sections.realise_reporte_eur end as realise_sans_report,
        case when sections.document_id is null then 0 else sections.restes_a_realiser_eur end as restes
    from {{ ref('fct_consolidations') }} as totaux
    left join {{ ref('rpt_finances__sections') }} as sections
        on totaux.document_id = sections.document_id
        and totaux.section = sections.section
        and totaux.sens_budgetaire = sections.sens_budgetaire
),

consolidation as (
    select
        'FIN-CONSOLIDATION' as controle,
        'Totaux donnés par le document lui-même' as libelle_controle,
        exercice,
        document_id,
        siret,
        objets.objet,
        section,
        sens_budgetaire,
        cast(null as string) as code_chapitre,
        case
            when objets.objet = 'restes à réaliser' then restes
            when objets.objet = 'crédits ouverts' and credits_dits = credits - restes then credits - restes
            when objets.objet = 'crédits ouverts' then credits
            when realise_dit = realise_sans_report then realise_sans_report
            else realise
        end as attendu_eur,
        case objets.objet
            when 'crédits ouverts' then credits_dits
            when 'réalisé' then realise_dit
            else restes_dits
        end as constate_eur,
        consolidation_id,
        fichier,
        ligne
    from totaux_editeur
    cross join (values ('crédits ouverts'), ('réalisé'), ('restes à réaliser')) as objets (objet)
),

-- What was voted in the year is what its accounts say was open: a décision modificative that is lost makes them differ.
-- Some vendors leave the credits out of the accounts. A line that has no section would be missing from one side.
budgets_votes as (
    select exercice, siret, code_budget
    from documents
    group by exercice, siret, code_budget
    having
        bool_or(code_nature_decision = '01')
        and bool_or(est_compte_administratif)
        and sum(nb_lignes_compte_inconnu) = 0
),

credits_compares as (
    select
        lignes.exercice,
        lignes.siret,
        lignes.code_budget,
        lignes.section,
        lignes.sens_budgetaire,
        lignes.code_chapitre,
        max(case when lignes.est_compte_administratif then lignes.document_id end) as document_id,
        sum(case when lignes.est_compte_administratif then 0 else lignes.credits_ouverts_eur end) as votes_eur,
        sum(case when lignes.est_compte_administratif then lignes.credits_ouverts_eur else 0 end) as credits_eur
    from lignes
    inner join budgets_votes
        on lignes.exercice = budgets_votes.exercice
        and lignes.siret = budgets_votes.siret
        and lignes.code_budget = budgets_votes.code_budget
    group by lignes.exercice, lignes.siret, lignes.code_budget, lignes.section, lignes.sens_budgetaire, lignes.code_chapitre
),

-- Section by section; and where a section agrees, the chapters that do not: a décision modificative that moves credits from one
-- chapter to the other changes no section.
credits_sommes as (
    select
        *,
        max(document_id) over budget as document_id_du_budget,
        sum(abs(credits_eur)) over budget <> 0 as dit_credits,
        sum(votes_eur) over cote as votes_cote_eur,
        sum(credits_eur) over cote as credits_cote_eur
    from credits_compares
    window
        budget as (partition by exercice, siret, code_budget),
        cote as (partition by exercice, siret, code_budget, section, sens_budgetaire)
),

credits_votes as (
    select
        'FIN-CREDITS' as controle,
        'Budget et décisions de l’exercice, et crédits ouverts selon les comptes' as libelle_controle,
        exercice,
        document_id_du_budget as document_id,
        siret,
        'crédits ouverts selon les comptes, budget ' || code_budget as objet,
        section,
        sens_budgetaire,
        cast(null as string) as code_chapitre,
        max(votes_cote_eur) as attendu_eur,
        max(case when dit_credits then credits_cote_eur end) as constate_eur
    from credits_sommes
    group by exercice, document_id_du_budget, siret, code_budget, section, sens_budgetaire
    union all
    select
        'FIN-CREDITS' as controle,
        'Budget et décisions de l’exercice, et crédits ouverts selon les comptes, par chapitre' as libelle_controle,
        exercice,
        document_id_du_budget as document_id,
        siret,
        'crédits ouverts selon les comptes, budget ' || code_budget as objet,
        section,
        sens_budgetaire,
        code_chapitre,
        votes_eur as attendu_eur,
        credits_eur as constate_eur
    from credits_sommes
    where dit_credits and votes_cote_eur = credits_cote_eur and votes_eur <> credits_eur
),

-- Once the accounts of one budget have come, accounts are missing for every voted budget that has none.
comptes_absents as (
    select
        'FIN-COMPTE-ABSENT' as controle,
        'Budget voté dont les comptes ne sont pas arrivés' as libelle_controle,
        documents.exercice,
        cast(null as string) as document_id,
        documents.siret,
        documents.code_budget,
        max(documents.libelle_budget) as libelle_budget,
        'comptes du budget ' || documents.code_budget || coalesce(' (' || max(documents.libelle_budget) || ')', '') as objet,
        cast(null as string) as section,
        'dépense' as sens_budgetaire,
        cast(null as string) as code_chapitre,
        -- transfers net to nothing: what they moved
        coalesce(nullif(sum(votes.depenses_eur), 0), sum(votes.mouvements_eur), 0) as attendu_eur,
        cast(0 as decimal(18, 2)) as constate_eur
    from documents
    left join (
        select
            document_id,
            sum(case sens_budgetaire when 'dépense' then credits_ouverts_eur else 0 end) as depenses_eur,
            sum(abs(credits_ouverts_eur)) as mouvements_eur
        from lignes
        group by document_id
    ) as votes on documents.document_id = votes.document_id
    where
        documents.exercice in (
            select comptes.exercice from documents as comptes
            where comptes.est_compte_administratif
        )
    group by documents.exercice, documents.siret, documents.code_budget
    having not bool_or(documents.est_compte_administratif)
),

-- The accounts give the totals of the other budgets too: one of the same body that they name and that is not there is
-- missing (a CCAS, which they may name, is another body).
totaux_d_autres as (
    select
        totaux.exercice,
        totaux.siret_agrege,
        totaux.section,
        totaux.sens_budgetaire,
        max(totaux.libelle_budget_agrege) as libelle_budget_agrege,
        max(totaux.realise_eur) as realise_eur,
        min(totaux.fichier) as fichier,
        min(totaux.ligne) as ligne
    from {{ ref('fct_totaux_autres_budgets') }} as totaux
    where
        left(totaux.siret_agrege, 9) = left(totaux.siret, 9)
        and totaux.section is not null
        and totaux.sens_budgetaire is not null
        and not exists (
            select 1 from documents
            where
                documents.est_compte_administratif
                and documents.exercice = totaux.exercice
                and documents.siret = totaux.siret_agrege
        )
    group by totaux.exercice, totaux.siret_agrege, totaux.section, totaux.sens_budgetaire
),

annexes_absentes as (
    select
        'FIN-ANNEXE-ABSENTE' as controle,
        'Budget que les comptes d’un autre nomment et dont les comptes ne sont pas arrivés' as libelle_controle,
        exercice,
        cast(null as string) as document_id,
        siret_agrege as siret,
        cast(null as string) as code_budget,
        libelle_budget_agrege as libelle_budget,
        'budget ' || siret_agrege || coalesce(' (' || libelle_budget_agrege || ')', '') as objet,
        section,
        sens_budgetaire,
        cast(null as string) as code_chapitre,
        coalesce(realise_eur, 0) as attendu_eur,
        cast(0 as decimal(18, 2)) as constate_eur,
        fichier,
        ligne
    from totaux_d_autres
),

-- What one budget paid, the other received.
reciproques as (
    select
        'FIN-RECIPROQUE' as controle,
        'Flux entre budget principal et budgets annexes' as libelle_controle,
        exercice,
        max(case type_budget when 'principal' then document_id end) as document_id,
        max(case type_budget when 'principal' then siret end) as siret,
        flux_reciproque as objet,
        'fonctionnement' as section,
        cast(null as string) as sens_budgetaire,
        cast(null as string) as code_chapitre,
        sum(case sens_budgetaire when 'dépense' then realise_eur else 0 end) as attendu_eur,
        sum(case sens_budgetaire when 'recette' then realise_eur else 0 end) as constate_eur
    from lignes
    where
        flux_reciproque is not null
        and est_compte_administratif
        and exercice in (
            select exercice from documents
            where est_compte_administratif
            group by exercice
            having count(distinct type_budget) = 2
        )
    group by exercice, flux_reciproque
),

-- The ledger holds what is issued: no operation d’ordre but those issued as real, nothing carried over. Compared where
-- both the accounts and that side of the ledger have arrived.
emissions as (
    select exercice, siret, document_id, section, sens_budgetaire, code_chapitre, realise_eur, cast(null as decimal(18, 2)) as emis_eur
    from lignes
    where
        est_compte_administratif
        and section is not null
        and type_operation = 'réelle'
        and code_chapitre not in ('001', '002')
    union all
    select
        exercice,
        siret,
        null as document_id,
        section,
        sens_budgetaire,
        coalesce(code_chapitre, 'inconnu') as code_chapitre,
        null as realise_eur,
        montant_eur as emis_eur
    from {{ ref('fct_ecritures') }}
    where siret is not null
),

sommes as (
    select
        exercice,
        siret,
        section,
        sens_budgetaire,
        code_chapitre,
        max(document_id) as document_id,
        sum(realise_eur) as realise_eur,
        sum(emis_eur) as emis_eur
    from emissions
    group by exercice, siret, section, sens_budgetaire, code_chapitre
),

comparees as (
    select
        *,
        max(document_id) over cote as document_id_du_cote,
        count(realise_eur) over cote as nb_realises,
        count(emis_eur) over cote as nb_emis
    from sommes
    window cote as (partition by exercice, siret, sens_budgetaire)
),

ecritures as (
    select
        'FIN-ECRITURES' as controle,
        'Compte administratif et pièces émises' as libelle_controle,
        exercice,
        document_id_du_cote as document_id,
        siret,
        case sens_budgetaire when 'dépense' then 'mandats' else 'titres' end as objet,
        section,
        sens_budgetaire,
        code_chapitre,
        coalesce(realise_eur, 0) as attendu_eur,
        coalesce(emis_eur, 0) as constate_eur
    from comparees
    where nb_realises > 0 and nb_emis > 0
),

-- Pieces whose budget code is in no document are compared with nothing: once accounts have arrived, all of them are in
-- excess.
ecritures_sans_budget as (
    select
        'FIN-ECRITURES' as controle,
        'Pièces émises dont le budget n’a aucun document' as libelle_controle,
        exercice,
        cast(null as string) as document_id,
        siret,
        case sens_budgetaire when 'dépense' then 'mandats' else 'titres' end || ' du budget ' || code_budget as objet,
        section,
        sens_budgetaire,
        cast(null as string) as code_chapitre,
        cast(0 as decimal(18, 2)) as attendu_eur,
        sum(montant_eur) as constate_eur
    from {{ ref('fct_ecritures') }}
    where
        siret is null
        and exercice in (
            select exercice from documents
            where est_compte_administratif
        )
    group by exercice, siret, sens_budgetaire, code_budget, section
),

tous as (
    {% for controles in [
        'equilibre', 'equilibre_d_ensemble', 'ordre', 'reprise', 'restes', 'credits_votes', 'comptes_absents', 'reciproques', 'ecritures',
        'ecritures_sans_budget', 'consolidation', 'annexes_absentes',
    ] %}
        select
            controle, libelle_controle, exercice, document_id, siret, objet, section, sens_budgetaire, code_chapitre,
            attendu_eur, constate_eur,
            {{ 'code_budget, libelle_budget' if controles.endswith('s_absents') or controles.endswith('s_absentes')
                else 'cast(null as string) as code_budget, cast(null as string) as libelle_budget' }},
            {{ 'consolidation_id' if controles == 'consolidation' else 'cast(null as string)' }} as repere,
            {{ 'fichier, ligne' if loop.index > 10 else 'cast(null as string) as fichier, cast(null as bigint) as ligne' }}
        from {{ controles }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- Unique whatever the documents contain: two totals that a document gives for one thing each carry their place in the
-- file.
nommes as (
    select
        *,
        concat_ws('/', controle, exercice, document_id, objet, section, sens_budgetaire, code_chapitre) as nom,
        row_number() over (
            partition by concat_ws('/', controle, exercice, document_id, objet, section, sens_budgetaire, code_chapitre)
            order by repere nulls first, siret nulls last, attendu_eur nulls last, constate_eur nulls last
        ) as rang
    from tous
    where constate_eur is not null and attendu_eur is not null
)

select
    cast(case when rang = 1 then nom else nom || '#' || cast(rang as string) end as string) as rapprochement_id,
    cast(controle as string) as controle,
    cast(libelle_controle as string) as libelle_controle,
    cast(nommes.exercice as integer) as exercice,
    cast(nommes.document_id as string) as document_id,
    cast(nommes.siret as string) as siret,
    cast(coalesce(nommes.code_budget, documents.code_budget) as string) as code_budget,
    cast(coalesce(nommes.libelle_budget, documents.libelle_budget) as string) as libelle_budget,
    cast(documents.type_budget as string) as type_budget,
    cast(nommes.objet as string) as objet,
    cast(section as string) as section,
    cast(sens_budgetaire as string) as sens_budgetaire,
    cast(code_chapitre as string) as code_chapitre,
    cast(attendu_eur as decimal(18, 2)) as attendu_eur,
    cast(constate_eur as decimal(18, 2)) as constate_eur,
    cast(constate_eur - attendu_eur as decimal(18, 2)) as ecart_eur,
    -- what is absent is absent, even where nothing was voted
    cast(attendu_eur = constate_eur and controle not in ('FIN-COMPTE-ABSENT', 'FIN-ANNEXE-ABSENTE') as boolean) as est_egal,
    cast(
        case
            when controle = 'FIN-EQUILIBRE' and constate_eur > attendu_eur then 'information'
            else 'alerte'
        end as string
    ) as severite,
    cast(coalesce(nommes.fichier, documents.fichier) as string) as fichier,
    cast(coalesce(nommes.ligne, documents.ligne) as bigint) as ligne,
    {{ role_ligne() }}
from nommes
left join documents on nommes.document_id = documents.document_id
