-- The one rule. What was found about an input stands on every figure that uses it.
--
-- A measure is missing when nothing is left of something that it requires, or when an indispensable input is lost;
-- partial when anything at all stands on it; else complete. What is missing of it is the share of the lines of its
-- sources or, for an amount, the larger of that and the share of the amount, unknown as soon as one loss is (the amount
-- is the source's, not the filter's: an upper bound). An expression is what the worst of its measures is. A share above
-- the threshold of the organisation, or unknown, is significant.
with natures as (
    select
        pieces.code,
        pieces.exercice,
        bool_and(effets.code is not null) as est_vide,
        bool_or(effets.est_indispensable) as est_decisive,
        bool_or(pieces.est_suivie) as est_suivie
    from {{ ref('chiffres__pieces') }} as pieces
    left join {{ ref('chiffres__effets') }} as effets
        on pieces.code = effets.code
        and pieces.exercice = effets.exercice
        and pieces.source = effets.source
        and pieces.nature = effets.nature
        and pieces.piece = effets.piece
        and effets.est_entiere
        and effets.effet <> 'rien'
    where pieces.est_requise and (pieces.est_acceptee or pieces.est_couverte or pieces.est_attendue or not pieces.a_une_source_attendue)
    group by pieces.code, pieces.exercice, pieces.groupe, pieces.nature
),

entrees as (
    select
        code,
        exercice,
        bool_or(est_vide or coalesce(est_decisive, false)) as est_manquante,
        bool_and(est_suivie) as est_suivie
    from natures
    group by code, exercice
),

pertes as (
    select
        code,
        exercice,
        case when count(*) = count(nb_perdues) then sum(nb_perdues) end as nb_perdues,
        case when count(*) = count(montant_perdu_eur) then sum(montant_perdu_eur) end as montant_perdu_eur
    from {{ ref('chiffres__effets') }}
    where effet <> 'rien'
    group by code, exercice
),

lignes as (
    select code, exercice, sum(nb_lignes) as nb_lignes
    from (
        select distinct code, exercice, source, nb_lignes from {{ ref('chiffres__pieces') }}
        where nature = 'livraison' and est_acceptee
    ) as livrees
    group by code, exercice
),

mesures as (
    select
        entrees.code,
        entrees.exercice,
        entrees.est_suivie,
        case when entrees.est_manquante then 2 when pertes.code is not null then 1 else 0 end as gravite,
        cast(
            case
                when pertes.code is null then 0
                -- of nothing that counts, all may be lost
                when pertes.nb_perdues >= lignes.nb_lignes or (pertes.nb_perdues > 0 and coalesce(agregats.nb_lignes, 0) = 0) then 1
                when lignes.nb_lignes > 0 then pertes.nb_perdues / lignes.nb_lignes
            end as decimal(20, 6)
        ) as part_lignes,
        cast(
            case
                when pertes.code is null or pertes.montant_perdu_eur = 0 then 0
                else pertes.montant_perdu_eur / (pertes.montant_perdu_eur + coalesce(abs(agregats.valeur), 0))
            end as decimal(20, 6)
        ) as part_montant
    from entrees
    left join pertes on entrees.code = pertes.code and entrees.exercice = pertes.exercice
    left join lignes on entrees.code = lignes.code and entrees.exercice = lignes.exercice
    left join {{ ref('chiffres__agregats') }} as agregats on entrees.code = agregats.code and entrees.exercice = agregats.exercice
),

feuilles as (
    select
        feuilles.code,
        feuilles.exercice,
        coalesce(mesures.gravite, 2) as gravite,
        coalesce(mesures.est_suivie, false) as est_suivie,
        case
            when feuilles.unite <> 'EUR' then mesures.part_lignes
            when mesures.part_montant is not null then greatest(mesures.part_montant, coalesce(mesures.part_lignes, 0))
        end as part
    from {{ ref('chiffres__feuilles') }} as feuilles
    left join mesures on feuilles.mesure = mesures.code and feuilles.exercice = mesures.exercice
),

-- what several of its measures lose is lost once
montants as (
    select
        code,
        exercice,
        case when count(*) = count(montant_perdu_eur) then sum(montant_perdu_eur) end as montant_perdu_eur
    from (
        select distinct
            feuilles.code,
            feuilles.exercice,
            effets.source,
            effets.nature,
            effets.piece,
            effets.motif,
            effets.empreinte,
            effets.montant_perdu_eur
        from {{ ref('chiffres__feuilles') }} as feuilles
        inner join {{ ref('chiffres__effets') }} as effets on feuilles.mesure = effets.code and feuilles.exercice = effets.exercice
        where effets.effet <> 'rien'
    ) as pertes_distinctes
    group by code, exercice
),

etats as (
    select
        code,
        exercice,
        case max(gravite) when 2 then 'manquant' when 1 then 'partiel' else 'complet' end as etat,
        bool_and(est_suivie) as est_suivi,
        case when count(*) = count(part) then max(part) end as part_manquante
    from feuilles
    group by code, exercice
)

select
    etats.code,
    etats.exercice,
    etats.etat,
    etats.est_suivi,
    etats.part_manquante,
    etats.etat <> 'complet' and coalesce(etats.part_manquante > profil.seuil_signification, true) as est_perte_significative,
    case when etats.etat = 'complet' then 0 else montants.montant_perdu_eur end as montant_perdu_eur
from etats
cross join {{ source('organisation', 'profil') }} as profil
left join montants on etats.code = montants.code and etats.exercice = montants.exercice
