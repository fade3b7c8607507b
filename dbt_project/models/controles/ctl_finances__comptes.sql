-- The accounts of a budget: those that no chart places, their debt, and their own totals.
with documents as (
    select faits.*, coalesce(faits.libelle_budget, faits.libelle_decision) as budget, lignes.piece
    from {{ ref('fct_documents_budgetaires') }} as faits
    inner join {{ ref('int_finances__documents') }} as lignes on faits.document_id = lignes.document_id
),

inconnus as (
    select
        lignes.exercice,
        lignes.nomenclature,
        lignes.compte,
        count(*) as nb_lignes,
        count(distinct lignes.document_id) as nb_documents,
        count(case when lignes.section is null then 1 end) as nb_hors_section,
        coalesce(
            sum(case when not lignes.est_compte_administratif then lignes.credits_ouverts_eur end),
            sum(case when lignes.est_compte_administratif then lignes.credits_ouverts_eur end),
            0
        ) as credits_ouverts_eur,
        coalesce(sum(lignes.realise_eur), 0) as realise_eur,
        min(lignes.fichier || ':' || cast(lignes.ligne as string)) as place,
        -- only the accounts of the year enter figures
        {{ texte_joint("case when lignes.est_compte_administratif then documents.piece end", 'documents.piece', '|') }} as piece,
        count(case when lignes.est_compte_administratif then 1 end) as nb_perdues,
        coalesce(
            sum(
                case
                    when lignes.est_compte_administratif
                        then greatest(
                            abs(lignes.credits_ouverts_eur), coalesce(abs(lignes.realise_eur), 0),
                            coalesce(abs(lignes.restes_a_realiser_eur), 0)
                        )
                end
            ),
            0
        ) as montant_perdu_eur
    from {{ ref('fct_lignes_documents') }} as lignes
    inner join documents on lignes.document_id = documents.document_id
    where lignes.anomalie is not null
    group by lignes.exercice, lignes.nomenclature, lignes.compte
),

-- some vendors write the section of a line: ours must be the same
sections as (
    select lignes.exercice, lignes._fichier, documents.piece, count(*) as nb_lignes, min(lignes._ligne) as ligne
    from {{ ref('int_finances__lignes_budgetaires') }} as lignes
    inner join documents on lignes.document_id = documents.document_id
    where lignes.section is not null and lignes.code_section_editeur <> case lignes.section when 'fonctionnement' then 'F' else 'I' end
    group by lignes.exercice, lignes._fichier, documents.piece
),

-- placed by a plan of another year, or of another form of their nomenclature
plans as (
    select exercice, nomenclature, declinaison_plan, exercice_plan, count(*) as nb_documents
    from documents
    where declinaison <> declinaison_plan or exercice <> exercice_plan
    group by exercice, nomenclature, declinaison_plan, exercice_plan
),

-- Only loans are compared: not deposits (165), refinancing (166) or credit lines drawn and given back (16449).
mouvements as (
    select
        document_id,
        coalesce(sum(case when sens_budgetaire = 'dépense' and est_emprunt then realise_eur end), 0) as rembourse_eur,
        coalesce(sum(case when sens_budgetaire = 'recette' and est_emprunt then realise_eur end), 0) as recu_eur,
        coalesce(sum(case when sens_budgetaire = 'dépense' and compte = '66111' then realise_eur end), 0) as interets_eur
    from (
        select *, left(compte, 3) in ('163', '164', '167', '168') and compte not like '16449%' as est_emprunt
        from {{ ref('fct_lignes_documents') }}
        where type_operation = 'réelle'
    ) as lignes
    group by document_id
),

annexes as (
    select
        document_id,
        coalesce(sum(capital_rembourse_eur), 0) as rembourse_eur,
        coalesce(sum(interets_eur), 0) as interets_eur,
        sum(capital_restant_du_ouverture_eur) as ouverture_eur,
        sum(capital_restant_du_cloture_eur) as cloture_eur
    from {{ ref('fct_emprunts') }}
    group by document_id
),

dettes as (
    select
        documents.exercice,
        documents.budget,
        documents.piece,
        documents.fichier,
        documents.ligne,
        mouvements.rembourse_eur,
        mouvements.interets_eur,
        annexes.rembourse_eur as rembourse_dit_eur,
        annexes.interets_eur as interets_dits_eur,
        case when annexes.document_id is null then 0 else annexes.ouverture_eur end as ouverture_dite_eur,
        annexes.cloture_eur as cloture_dite_eur,
        annexes.ouverture_eur + mouvements.recu_eur - annexes.rembourse_eur as cloture_eur,
        (
            select sum(avant.encours_dette_eur) from documents as avant
            where
                avant.est_compte_administratif and avant.exercice = documents.exercice - 1
                and avant.siret = documents.siret and avant.code_budget = documents.code_budget
        ) as ouverture_eur
    from documents
    inner join mouvements on documents.document_id = mouvements.document_id
    left join annexes on documents.document_id = annexes.document_id
    where documents.est_compte_administratif and documents.encours_dette_eur is not null
),

-- If the annexe lacks a loan, its capital or interest paid is lower than in the accounts. The debt at the opening must
-- equal the debt at the last closing; at the closing, the opening plus the loans drawn, minus the capital repaid.
emprunts as (
    {% for montant, attendu, dit, manque in [
        ('capital', 'rembourse_eur', 'rembourse_dit_eur', 'rembourse_eur - rembourse_dit_eur'),
        ('interets', 'interets_eur', 'interets_dits_eur', 'interets_eur - interets_dits_eur'),
        ('ouverture', 'ouverture_eur', 'ouverture_dite_eur', 'abs(ouverture_eur - ouverture_dite_eur)'),
        ('cloture', 'cloture_eur', 'cloture_dite_eur', 'abs(cloture_eur - cloture_dite_eur)'),
    ] %}
        select *, '{{ montant }}' as montant, {{ attendu }} as attendu_eur, {{ dit }} as dit_eur, {{ manque }} as manque_eur
        from dettes
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

comptes as (
    select documents.*, totaux.document_id is not null as a_totaux
    from documents
    left join (select distinct document_id from {{ ref('fct_consolidations') }}) as totaux on documents.document_id = totaux.document_id
    where documents.est_compte_administratif
),

-- the side of the investment that says nothing about what is left to carry out, while the other does
muets as (
    select document_id, max(case when not dit_restes then sens end) as sens
    from (
        select document_id, sens, bool_or(dit_restes) as dit_restes
        from {{ ref('int_finances__lignes_budgetaires') }}
        where section = 'investissement'
        group by document_id, sens
    ) as cotes
    group by document_id
    having bool_or(dit_restes)
),

avec_totaux as (
    select distinct exercice, siret, code_budget from comptes
    where a_totaux
),

sans_totaux as (
    select comptes.*, muets.sens as sens_muet, avant.siret is not null as en_avait
    from comptes
    left join muets on comptes.document_id = muets.document_id
    left join avec_totaux as avant
        on comptes.exercice = avant.exercice + 1
        and comptes.siret = avant.siret
        and comptes.code_budget = avant.code_budget
    where not comptes.a_totaux
)

select
    {{ constat(
        'CPT-INCONNU', ou="'budget/lignes'", sujet="'compte ' || compte", attendu='nomenclature', recu='nb_lignes',
        effet="case when nb_perdues > 0 then 'manque' else 'rien' end", piece='piece', nb_perdues='nb_perdues', montant_perdu='montant_perdu_eur',
        ecart='case when abs(credits_ouverts_eur) >= abs(realise_eur) then credits_ouverts_eur else realise_eur end',
        cle="nomenclature || ' ' || compte",
        valeurs={
            'nb_documents': 'nb_documents', 'nb_hors_section': 'nb_hors_section', 'place': 'place',
            'credits': 'credits_ouverts_eur', 'realise': 'realise_eur',
        }
    ) }}
from inconnus
union all
select
    {{ constat(
        'FIN-SECTION', ou="'budget/lignes'", sujet='_fichier', recu='nb_lignes', effet='réserve', piece='piece', fichier='_fichier', ligne='ligne'
    ) }}
from sections
union all
select
    {{ constat(
        'CPT-PLAN', ou="'budget/documents'", sujet="plans.nomenclature || ' en ' || cast(plans.exercice as string)", exercice='plans.exercice',
        attendu='plans.nomenclature', recu='plans.nb_documents', cle='plans.nomenclature',
        valeurs={
            'declinaison': 'plans.declinaison_plan', 'annee': 'plans.exercice_plan',
            'nb_comptes': '(select count(*) from inconnus where inconnus.exercice = plans.exercice and inconnus.nomenclature = plans.nomenclature)',
        }
    ) }}
from plans
union all
select
    {{ constat(
        'FIN-DETTE', ou="'budget/emprunts'", sujet='budget', recu='origine_dette', ecart='mouvements_dette_eur', effet='manque',
        piece='piece', fichier='fichier', ligne='ligne'
    ) }}
from documents
where est_compte_administratif and encours_dette_eur is null
union all
-- the annexe adds up rounded instalments: a difference of up to 1 €, or a hundredth of what was paid, is accepted
select
    {{ constat(
        'FIN-EMPRUNTS', ou="'budget/emprunts'", sujet='budget', attendu='attendu_eur', recu='dit_eur', ecart='dit_eur - attendu_eur',
        effet='réserve', piece='piece', montant_perdu='manque_eur', fichier='fichier', ligne='ligne', cle='montant'
    ) }}
from emprunts
where manque_eur > greatest(1, 0.01 * greatest(rembourse_eur, interets_eur))
union all
select
    {{ constat(
        'FIN-SANS-TOTAUX', ou="'budget/consolidations'", severite="case when en_avait or sens_muet is not null then 'alerte' else 'information' end",
        sujet="concat_ws(', ', libelle_decision, coalesce(libelle_budget, siret))", effet='réserve', source="'budget/lignes'",
        piece='piece', fichier='fichier', ligne='ligne',
        valeurs={'en_avait': 'en_avait', 'sens': 'sens_muet'}
    ) }}
from sans_totaux
