with rangs as (
    select
        *,
        {{ motif({'hors période': 'year(date_action) <> exercice'}) }} as motif_exclusion,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from {{ source('lake', 'rgpd__actions') }}
    window doublons as (
        partition by exercice, reference_action
        order by _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
)

select
    exercice,
    reference_action,
    date_action,
    type_action,
    intitule,
    public_vise,
    nb_participants,
    etat,
    date_echeance,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
