-- A session is opened by a LOGIN and closed by the LOGOUT that follows it under the same number: the gateway gives the
-- numbers anew when it restarts, hence « that follows ». A LOGOUT without its LOGIN (the archive begins during the
-- session) opens one too, since it says when the session began. All in universal time: the night when the clock goes back
-- has no hour twice. The rule for a session without LOGOUT is in docs/decisions.
{% set plafond = "interval 12 hour" %}

with rangs as (
    select
        *,
        -- an archive may hold a rotated file twice
        row_number() over (
            partition by exercice, identifiant, id_session, type_evenement, horodatage_utc
            order by _fichier nulls last, _feuille nulls first, _ligne nulls last
        ) as rang
    from {{ source('lake', 'citrix__evenements') }}
),

voisins as (
    select
        *,
        lag(type_evenement) over session as type_precedent,
        lead(type_evenement) over session as type_suivant,
        lead(horodatage_utc) over session as instant_suivant,
        min(case when type_evenement = 'LOGIN' then horodatage_utc end) over (
            partition by exercice, rang = 1, identifiant
            order by horodatage_utc nulls last, _fichier nulls last, _feuille nulls first, _ligne nulls last
            rows between 1 following and unbounded following
        ) as ouverture_suivante
    from rangs
    window session as (
        partition by exercice, rang = 1, identifiant, id_session
        order by horodatage_utc nulls last, type_evenement nulls last, _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
),

sessions as (
    select
        *,
        case type_evenement when 'LOGIN' then horodatage_utc else voisins.debut_utc end as ouverture_utc,
        case
            when type_evenement = 'LOGOUT' then horodatage_utc
            when type_suivant = 'LOGOUT' then instant_suivant
            else least(horodatage_utc + {{ plafond }}, ouverture_suivante)
        end as fermeture_utc,
        case
            when type_evenement = 'LOGOUT' or type_suivant = 'LOGOUT' then 'fermeture'
            when ouverture_suivante < horodatage_utc + {{ plafond }} then 'ouverture suivante'
            else 'plafond de 12 heures'
        end as mode_fin
    from voisins
),

motifs as (
    select
        *,
        {{ motif({
            'doublon': 'rang > 1',
            'fermeture d’une session comptée': "type_evenement = 'LOGOUT' and type_precedent = 'LOGIN'",
            'début inconnu': 'ouverture_utc is null',
            'hors période': 'ouverture_utc >= ' ~ debut_mois_utc('exercice + 1')
                ~ ' or fermeture_utc <= ' ~ debut_mois_utc('exercice'),
        }) }} as motif_exclusion
    from sessions
)

select
    exercice,
    identifiant,
    type_evenement,
    type_client,
    ouverture_utc as debut_utc,
    fermeture_utc as fin_utc,
    mode_fin,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from motifs
