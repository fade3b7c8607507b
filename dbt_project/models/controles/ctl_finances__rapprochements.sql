-- The amounts that two places must agree on, and that are not equal. The accounts are then in doubt, or the pieces that were
-- issued, when it is they that differ from the accounts. What nobody must equal takes nothing away; what accounts that did
-- not come amount to is said with their absence, once a budget (ctl_finances__documents); and what only flows to the public
-- accountant lack, account by account (ctl_finances__flux).
with ecritures as (
    select exercice, nom_table, {{ texte_joint('source', 'source', '|') }} as sources
    from (select distinct exercice, nom_table, systeme || '/' || nom_table as source from {{ ref('stg_ecritures') }}) as tables
    group by exercice, nom_table
)

select
    {{ constat(
        'controle', ou="'rpt_finances__rapprochements'", severite='severite', attendu='attendu_eur', recu='constate_eur', ecart='ecart_eur',
        sujet="concat_ws(', ', rapprochements.libelle_budget, objet, section, sens_budgetaire, 'chapitre ' || code_chapitre, "
            ~ "case controle when 'FIN-CONSOLIDATION' then 'élément CONSOLIDATION' end)",
        effet="case when severite = 'information' then 'rien' else 'réserve' end", montant_perdu='abs(ecart_eur)',
        source="case when controle = 'FIN-ECRITURES' then ecritures.sources else 'budget/lignes' end",
        piece="case when controle <> 'FIN-ECRITURES' then documents.piece end", exercice='rapprochements.exercice',
        fichier='fichier', ligne='ligne', cle='rapprochement_id', valeurs={'unite': "'EUR'"}
    ) }}
from {{ ref('rpt_finances__rapprochements') }} as rapprochements
left join {{ ref('int_finances__documents') }} as documents on rapprochements.document_id = documents.document_id
left join ecritures
    on rapprochements.exercice = ecritures.exercice
    and case rapprochements.sens_budgetaire when 'dépense' then 'mandats' when 'recette' then 'titres' end = ecritures.nom_table
where
    not est_egal
    and controle not in ('FIN-COMPTE-ABSENT', 'FIN-ANNEXE-ABSENTE')
    and not (
        controle = 'FIN-ECRITURES' and rapprochements.document_id is not null and ecritures.sources in ('pes/mandats', 'pes/titres')
    )
