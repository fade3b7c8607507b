-- A session is opened by a line and closed by the next one under the same number: « next » because a gateway numbers
-- sessions afresh when it restarts. A closing without its opening (the archive begins during the session) also opens
-- one, since it says when the session began or how long it lasted. A gateway that writes one line per session gives
-- both ends. All in universal time: the night when the clock goes back has no hour twice. The rule for a session
-- without closing is in docs/decisions.
{% set plafond = "interval 12 hour" %}

with ecrits as (
    select
        *,
        coalesce(type_evenement, 'Session') as nature,
        coalesce(horodatage_utc, {{ utc_de_paris('horodatage_local') }}) as instant_ecrit,
        coalesce(debut_utc, {{ utc_de_paris('debut_local') }}) as debut_ecrit
    from {{ ref('stg_acces_distants') }}
),

-- a session gives two of its beginning, end and length; one without its end is an opening
instants as (
    select
        *,
        case
            when nature <> 'Session' or instant_ecrit is not null or duree_secondes is not null then nature
            else 'Ouverture'
        end as evenement,
        case
            when nature = 'Session'
                then coalesce(instant_ecrit, debut_ecrit + duree_secondes * interval 1 second, debut_ecrit)
            else instant_ecrit
        end as instant,
        coalesce(debut_ecrit, instant_ecrit - duree_secondes * interval 1 second) as debut
    from ecrits
),

rangs as (
    select
        *,
        -- an archive may hold a rotated file twice
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from instants
    window doublons as (
        partition by
            exercice, systeme, identifiant, id_session, evenement, instant, case when evenement = 'Session' then debut end
        order by _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
),

voisins as (
    select
        *,
        lag(evenement) over session as evenement_precedent,
        lead(evenement) over session as evenement_suivant,
        lead(instant) over session as instant_suivant,
        -- read backwards, for Spark goes through what follows again for each row
        min(case when evenement = 'Ouverture' then instant end) over (
            partition by exercice, systeme, rang = 1, identifiant
            order by instant desc nulls first, _fichier desc nulls first, _feuille desc nulls last, _ligne desc nulls first
            rows between unbounded preceding and 1 preceding
        ) as ouverture_suivante
    from rangs
    window session as (
        partition by exercice, systeme, rang = 1, identifiant, id_session
        -- an opening comes before the closing of the same second
        order by instant asc nulls last, evenement desc nulls last, _fichier asc nulls last, _feuille asc nulls first, _ligne asc nulls last
    )
),

sessions as (
    select
        *,
        case evenement when 'Ouverture' then instant else debut end as ouverture_utc,
        case
            when evenement <> 'Ouverture' then instant
            when evenement_suivant = 'Fermeture' then instant_suivant
            else least(instant + {{ plafond }}, ouverture_suivante)
        end as fermeture_utc,
        case
            when evenement <> 'Ouverture' or evenement_suivant = 'Fermeture' then 'fermeture'
            when ouverture_suivante < instant + {{ plafond }} then 'ouverture suivante'
            else 'plafond de 12 heures'
        end as mode_fin
    from voisins
),

motifs as (
    select
        *,
        {{ motif({
            'doublon': 'rang > 1',
            'fermeture d’une session comptée': "evenement = 'Fermeture' and evenement_precedent = 'Ouverture'",
            'début inconnu': 'ouverture_utc is null or fermeture_utc is null',
            'hors période': 'ouverture_utc >= ' ~ debut_mois_utc('exercice + 1')
                ~ ' or fermeture_utc <= ' ~ debut_mois_utc('exercice'),
        }) }} as motif_exclusion
    from sessions
)

select
    systeme,
    nom_table,
    exercice,
    identifiant,
    evenement as type_evenement,
    type_client,
    ouverture_utc as debut_utc,
    fermeture_utc as fin_utc,
    mode_fin,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    case when motif_exclusion = 'doublon' then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from motifs
