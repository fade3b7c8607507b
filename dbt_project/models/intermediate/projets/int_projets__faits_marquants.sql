with rangs as (
    select
        *,
        {{ motif({'hors période': 'year(date_fait) <> exercice'}) }} as motif_exclusion,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from {{ source('lake', 'projets__faits_marquants') }}
    window doublons as (
        partition by exercice, date_fait, {{ normalise_libelle('titre') }}
        order by _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
)

select
    exercice,
    date_fait,
    theme,
    titre,
    texte,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
