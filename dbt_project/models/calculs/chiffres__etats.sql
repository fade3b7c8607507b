-- The one rule of absence, for every figure: complete when every piece that it rests on is there whole; missing when a
-- source is not, when none of a source's pieces is, or when one that the figure declares indispensable is not; else
-- partial, with the share of the lines and the amount that are missing. The amount is the source's, not the filter's:
-- an upper bound.
with natures as (
    select
        code,
        exercice,
        mesure,
        groupe,
        nature,
        -- what is required of the source, and nothing of it is there
        not bool_or(est_requise and (est_presente or est_couverte)) as est_vide,
        bool_or(est_requise and not est_couverte and est_indispensable) as est_decisive,
        bool_or(est_requise and not est_couverte) as est_incomplete,
        bool_or(est_suivie) as est_suivi
    from {{ ref('chiffres__pieces') }}
    group by code, exercice, mesure, groupe, nature
    having bool_or(est_requise)
),

-- a source counts once, whatever the number of measures that rest on it
pertes as (
    select
        code,
        exercice,
        source,
        nature,
        piece,
        case when count(*) = count(nb_perdues) then max(nb_perdues) end as nb_perdues,
        case when count(*) = count(montant_perdu_eur) then max(montant_perdu_eur) end as montant_perdu_eur
    from {{ ref('chiffres__pieces') }}
    where est_acceptee or (est_requise and not est_couverte)
    group by code, exercice, source, nature, piece
),

lignes as (
    select code, exercice, sum(nb_lignes) as nb_lignes
    from (
        select distinct code, exercice, source, nb_lignes
        from {{ ref('chiffres__pieces') }}
        where nature = 'livraison' and est_acceptee
    ) as livrees
    group by code, exercice
),

totaux as (
    select
        code,
        exercice,
        case when count(*) = count(nb_perdues) then sum(nb_perdues) end as nb_perdues,
        case when count(*) = count(montant_perdu_eur) then sum(montant_perdu_eur) end as montant_perdu_eur,
        coalesce(bool_or(coalesce(nb_perdues, 1) > 0), false) as a_des_pertes
    from pertes
    group by code, exercice
),

etats as (
    select
        code,
        exercice,
        case
            when bool_or(est_vide or est_decisive) then 'manquant'
            when bool_or(est_incomplete) then 'partiel'
        end as etat,
        bool_and(est_suivi) as est_suivi
    from natures
    group by code, exercice
)

select
    declares.code,
    declares.exercice,
    case
        when etats.code is null then 'manquant'
        when etats.etat is not null then etats.etat
        when totaux.a_des_pertes then 'partiel'
        else 'complet'
    end as etat,
    coalesce(etats.est_suivi, false) as est_suivi,
    totaux.nb_perdues,
    lignes.nb_lignes,
    totaux.montant_perdu_eur
from {{ ref('chiffres__declares') }} as declares
left join etats on declares.code = etats.code and declares.exercice = etats.exercice
left join totaux on declares.code = totaux.code and declares.exercice = totaux.exercice
left join lignes on declares.code = lignes.code and declares.exercice = lignes.exercice
