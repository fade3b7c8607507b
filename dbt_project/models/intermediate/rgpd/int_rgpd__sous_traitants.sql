-- A processor written under two spellings counts once, by the line that says most about its questionnaire.
with rangs as (
    select
        *,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from {{ source('lake', 'rgpd__sous_traitants') }}
    window doublons as (
        partition by exercice, {{ normalise_libelle('raison_sociale') }}
        order by date_retour nulls last, date_envoi nulls last, _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
)

select
    exercice,
    raison_sociale,
    prestation,
    a_clauses,
    date_envoi,
    date_retour,
    note_pct,
    conclusion,
    case when rang = 1 then 1 else 0 end as poids,
    case when rang = 1 then 'compté' else 'doublon' end as motif,
    double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
