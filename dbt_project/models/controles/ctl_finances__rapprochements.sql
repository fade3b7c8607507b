-- The amounts that two places must agree on, and that are not equal.
select
    {{ constat(
        'controle', ou="'rpt_finances__rapprochements'", severite='severite', attendu='attendu_eur', recu='constate_eur', ecart='ecart_eur',
        sujet="concat_ws(', ', libelle_budget, objet, section, sens_budgetaire, 'chapitre ' || code_chapitre, "
            ~ "case controle when 'FIN-CONSOLIDATION' then 'élément CONSOLIDATION' end)",
        effet='réserve', fichier='fichier', ligne='ligne', cle='rapprochement_id', valeurs={'unite': "'EUR'"}
    ) }}
from {{ ref('rpt_finances__rapprochements') }}
where not est_egal
