-- Every piece of every source, expected or received, and what the figures are missing because of it: all of a piece that
-- is not accepted, unless somebody decided that nothing is missing; of another, what was found about it.
with trouves as (
    select
        collecte.source,
        collecte.exercice,
        collecte.nature,
        collecte.piece,
        constats.motif,
        max(case constats.effet_retenu when 'manque' then 2 when 'réserve' then 1 else 0 end) as gravite,
        bool_or(constats.est_refus) as est_refus,
        case when count(*) = count(constats.nb_perdues) then sum(constats.nb_perdues) end as nb_perdues,
        case when count(*) = count(constats.montant_perdu_eur) then sum(constats.montant_perdu_eur) end as montant_perdu_eur
    from {{ ref('int_communs__collecte') }} as collecte
    inner join {{ ref('int_communs__constats') }} as constats on {{ porte_sur('constats', 'collecte') }}
    where constats.effet <> 'rien'
    group by collecte.source, collecte.exercice, collecte.nature, collecte.piece, constats.motif, constats.effet_retenu = 'rien'
),

effets as (
    select
        source,
        exercice,
        nature,
        piece,
        max(gravite) as gravite,
        {{ texte_joint("case when gravite > 0 then " ~ motif_compte('motif', 'nb_perdues') ~ " end", 'motif') }} as motif,
        coalesce(sum(case when gravite > 0 and not est_refus then nb_perdues end), 0) as nb_non_placees,
        case
            when count(case when gravite > 0 then 1 end) = count(case when gravite > 0 then nb_perdues end)
                then coalesce(sum(case when gravite > 0 then nb_perdues end), 0)
        end as nb_perdues,
        case
            when count(case when gravite > 0 then 1 end) = count(case when gravite > 0 then montant_perdu_eur end)
                then coalesce(sum(case when gravite > 0 then montant_perdu_eur end), 0)
        end as montant_perdu_eur
    from trouves
    group by source, exercice, nature, piece
)

select
    cast(collecte.source as string) as source,
    cast(collecte.exercice as integer) as exercice,
    cast(collecte.nature as string) as nature_morceau,
    cast(collecte.piece as string) as piece,
    cast(split_part(collecte.source, '/', 1) as string) as systeme,
    cast(split_part(collecte.source, '/', 2) as string) as nom_table,
    cast(collecte.est_attendue as boolean) as est_attendue,
    cast(collecte.est_recue as boolean) as est_recue,
    cast(collecte.est_acceptee as boolean) as est_acceptee,
    cast(
        case
            when collecte.est_acceptee then 'reçue'
            when collecte.est_recue then 'refusée'
            when collecte.est_attendue then 'manquante'
            when collecte.est_suivie then 'facultative'
            else 'non suivie'
        end as string
    ) as statut_collecte,
    cast(collecte.livraison as string) as livraison,
    cast(collecte.nb_lues as bigint) as nb_lues,
    cast(collecte.nb_acceptees as bigint) as nb_acceptees,
    cast(collecte.nb_refusees as bigint) as nb_refusees,
    cast(collecte.nb_ignorees as bigint) as nb_ignorees,
    cast(case when collecte.est_acceptee then coalesce(effets.nb_non_placees, 0) else 0 end as bigint) as nb_non_placees,
    cast(
        case
            when collecte.est_acceptee and effets.gravite = 2 then 'manque'
            when collecte.est_acceptee and effets.gravite = 1 then 'réserve'
            when collecte.est_acceptee or not (collecte.est_attendue or collecte.est_recue) then 'rien'
            when collecte.nature <> 'livraison' and effets.gravite = 0 then 'rien'
            else 'manque'
        end as string
    ) as effet,
    cast(
        case
            when not collecte.est_acceptee then collecte.nb_lues
            when effets.source is null then 0
            else effets.nb_perdues
        end as bigint
    ) as nb_perdues,
    cast(
        case when collecte.est_acceptee then case when effets.source is null then 0 else effets.montant_perdu_eur end end
        as decimal(20, 2)
    ) as montant_perdu_eur,
    cast(case when collecte.est_acceptee then effets.motif else collecte.motif end as string) as motif,
    cast(collecte.axes as string) as axes
from {{ ref('int_communs__collecte') }} as collecte
left join effets
    on collecte.source = effets.source
    and collecte.exercice = effets.exercice
    and collecte.nature = effets.nature
    and collecte.piece = effets.piece
