-- What the regulation sets a time limit for: a request is answered within a month, or three when a prolongation was
-- announced within that month (art. 12-3), counted from date to date; a violation is notified within 72 hours (art.
-- 33-1).
with dossiers as (
    select
        'demande' as nature,
        exercice,
        reference_demande as reference_dossier,
        droit as type_dossier,
        cast(date_reception as timestamp) as date_ouverture,
        cast(
            case
                when date_prolongation between date_reception and date_reception + interval 1 month
                    then date_reception + interval 3 month
                else date_reception + interval 1 month
            end as timestamp
        ) as date_limite,
        cast(date_reponse as timestamp) as date_reponse,
        cast(null as timestamp) as date_connaissance,
        cast(null as string) as donnees_concernees,
        cast(null as bigint) as nb_personnes,
        cast(null as string) as collectivites_concernees,
        cast(null as boolean) as est_personnes_informees,
        _livraison,
        _fichier,
        _feuille,
        _ligne
    from {{ source('lake', 'rgpd__demandes') }}
    union all
    select
        'violation' as nature,
        exercice,
        reference_violation as reference_dossier,
        nature as type_dossier,
        date_constat as date_ouverture,
        -- RGPD, art. 33: the hours count from when the controller knew, not from when its processor did
        case when est_a_notifier then coalesce(date_connaissance, date_constat) + interval 72 hour end as date_limite,
        date_notification as date_reponse,
        date_connaissance,
        donnees_concernees,
        nb_personnes,
        collectivites_concernees,
        est_personnes_informees,
        _livraison,
        _fichier,
        _feuille,
        _ligne
    from {{ source('lake', 'rgpd__violations') }}
),

rangs as (
    select
        *,
        {{ motif({'hors période': 'year(date_ouverture) <> exercice'}) }} as motif_exclusion,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from dossiers
    window doublons as (
        partition by nature, exercice, reference_dossier
        order by _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
)

select
    nature,
    exercice,
    reference_dossier,
    type_dossier,
    date_ouverture,
    date_limite,
    date_reponse,
    -- without answer, late if the limit fell within the exercice; otherwise the time was still running
    case
        when date_limite is null then null
        when date_reponse is not null then date_reponse <= date_limite
        when date_limite < make_date(exercice + 1, 1, 1) then false
    end as est_dans_les_delais,
    date_connaissance,
    donnees_concernees,
    nb_personnes,
    collectivites_concernees,
    est_personnes_informees,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
