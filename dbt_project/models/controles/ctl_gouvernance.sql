-- Meetings whose quorum is not the one that their minutes declare.
select
    {{ constat(
        'GOU-QUORUM', ou="'comite/seances'", sujet="'séance du ' || " ~ jour_ecrit('date_seance'),
        attendu='quorum_requis', recu='nb_presents', cle='date_seance', valeurs={'regle': 'regle_quorum'}
    ) }}
from {{ ref('rpt_gouvernance__seances') }}
where est_quorum_atteint <> est_quorum_declare
