-- What two sources, or two ways of counting, say of the staff: somebody may be missing from one of them. Words that nothing
-- recognises wait for a decision; the lines that do not count because of them are set aside (LIG-ECARTEE).
with agents as (
    select exercice, {{ texte_joint('source', 'source', '|') }} as sources
    from (select distinct exercice, systeme || '/' || nom_table as source from {{ ref('stg_agents') }}) as tables
    group by exercice
)

select
    {{ constat(
        "case when perimetre like '%non reconnu' then 'RH-ORTHOGRAPHE' else code_controle end", ou="'rh'", sujet='perimetre',
        attendu='valeur_attendue', recu='valeur', ecart='ecart', cle='perimetre', exercice='rapprochements.exercice',
        effet="case when code_controle in ('RH-THEORIQUE', 'RH-DSN-EFFECTIF', 'RH-DSN-HEURES') then 'réserve' "
            ~ "when code_controle = 'RH-DSN-AUCUNE' then 'manque' else 'rien' end",
        source="case code_controle when 'RH-DSN-HEURES' then 'dsn/activites' when 'RH-DSN-PAIE' then 'dsn/declarations' "
            ~ "when 'RH-DSN-AUCUNE' then 'dsn/declarations|dsn/contrats|dsn/activites' "
            ~ "else concat_ws('|', agents.sources, 'dsn/contrats') end"
    ) }}
from {{ ref('rpt_rh__rapprochements') }} as rapprochements
left join agents on rapprochements.exercice = agents.exercice
where not est_egal
