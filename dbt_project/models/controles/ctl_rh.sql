-- What two sources, or two ways of counting, say of the staff. Words that nothing recognises wait for a decision.
select
    {{ constat(
        "case when perimetre like '%non reconnu' then 'RH-ORTHOGRAPHE' else code_controle end", ou="'rh'", sujet='perimetre',
        attendu='valeur_attendue', recu='valeur', ecart='ecart', effet='réserve', cle='perimetre'
    ) }}
from {{ ref('rpt_rh__rapprochements') }}
where not est_egal
