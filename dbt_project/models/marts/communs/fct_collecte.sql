-- Every piece of every source, expected or received, and what the figures are missing because of it. The refused or
-- unplaced lines of a delivery count there, unless documents are distinguished: then a document that lost one is lost
-- whole, and says itself how many of its lines could not be placed. Lines that a member or a file should have had count
-- in the months in which it has none, or in the delivery when months are not distinguished.
with pieces as (
    select
        *,
        bool_or(nature = 'document') over (partition by source, exercice) as a_des_documents,
        bool_or(nature = 'mois') over (partition by source, exercice) as a_des_mois
    from {{ ref('int_communs__collecte') }}
),

non_placees as (
    select
        source, exercice, sum(nb_lignes) as nb_lignes, sum(montant_eur) as montant_eur,
        count(*) = count(montant_eur) as est_montant_connu
    from {{ ref('fct_lignes_signalees') }}
    where est_illisible
    group by source, exercice
),

absentes_par_serie as (
    select pieces.source, pieces.exercice, pieces.nature, pieces.piece, sum(trous.nb_attendues) as nb_lignes
    from pieces
    inner join {{ ref('int_communs__trous') }} as trous
        on pieces.source = trous.source
        and pieces.exercice = trous.exercice
        and (
            (pieces.nature = 'livraison' and not pieces.a_des_mois)
            or (pieces.nature = 'mois' and cast(substring(pieces.piece, 6, 2) as integer) = trous.mois)
        )
    where pieces.est_acceptee and not trous.est_admis
    group by pieces.source, pieces.exercice, pieces.nature, pieces.piece, trous.serie
),

-- the same lines may be missing twice, from a member and from a file
absentes as (
    select source, exercice, nature, piece, ceil(max(nb_lignes)) as nb_lignes
    from absentes_par_serie
    group by source, exercice, nature, piece
),

pertes as (
    select
        pieces.*,
        cast(coalesce(absentes.nb_lignes, 0) as bigint) as nb_absentes,
        case
            when pieces.nature <> 'livraison' then coalesce(pieces.nb_non_placees, 0)
            when pieces.a_des_documents then 0
            else coalesce(non_placees.nb_lignes, 0)
        end as nb_sans_place,
        case
            when pieces.nature = 'livraison' and pieces.a_des_documents then 0
            when pieces.nature = 'livraison' then pieces.nb_refusees
            when pieces.est_acceptee then 0
            else pieces.nb_lues
        end as nb_manquantes,
        case
            when pieces.nature <> 'livraison' and coalesce(pieces.nb_non_placees, 0) = 0 then 0
            when pieces.nature <> 'livraison' then pieces.montant_non_place_eur
            when pieces.a_des_documents or non_placees.source is null then 0
            when non_placees.est_montant_connu then non_placees.montant_eur
        end as montant_sans_place_eur
    from pieces
    left join non_placees on pieces.source = non_placees.source and pieces.exercice = non_placees.exercice
    left join absentes
        on pieces.source = absentes.source
        and pieces.exercice = absentes.exercice
        and pieces.nature = absentes.nature
        and pieces.piece = absentes.piece
)

select
    cast(source as string) as source,
    cast(exercice as integer) as exercice,
    cast(nature as string) as nature_morceau,
    cast(piece as string) as piece,
    cast(split_part(source, '/', 1) as string) as systeme,
    cast(split_part(source, '/', 2) as string) as nom_table,
    cast(est_attendue as boolean) as est_attendue,
    cast(est_recue as boolean) as est_recue,
    cast(est_acceptee as boolean) as est_acceptee,
    cast(
        case
            when est_acceptee then 'reçue'
            when est_recue then 'refusée'
            when est_attendue then 'manquante'
            when est_suivie then 'facultative'
            else 'non suivie'
        end as string
    ) as statut_collecte,
    cast(livraison as string) as livraison,
    cast(nb_lues as bigint) as nb_lues,
    cast(nb_acceptees as bigint) as nb_acceptees,
    cast(nb_refusees as bigint) as nb_refusees,
    cast(nb_ignorees as bigint) as nb_ignorees,
    cast(nb_sans_place as bigint) as nb_non_placees,
    cast(nb_manquantes + nb_sans_place + nb_absentes as bigint) as nb_perdues,
    cast(
        case
            when nb_absentes > 0 then null
            when nb_manquantes = 0 then montant_sans_place_eur else montant_perdu_eur + montant_sans_place_eur
        end
        as decimal(20, 2)
    ) as montant_perdu_eur,
    cast(
        coalesce(
            motif,
            case
                when not est_acceptee and nature = 'mois' then 'mois absent'
                when not est_acceptee and est_recue then 'lu sous une déclaration antérieure, et son original n’est plus là'
                when not est_acceptee and est_attendue then 'non reçu'
                when not est_acceptee and est_suivie then 'facultatif, non transmis'
                when not est_acceptee then 'non suivi : système non souscrit pour cet exercice'
                when nb_manquantes + nb_sans_place + nb_absentes = 0 then null
                when nb_manquantes + nb_sans_place = 0
                    then
                        'environ ' || cast(nb_absentes as string)
                        || case when nb_absentes > 1 then ' lignes attendues et absentes' else ' ligne attendue et absente' end
                when nb_absentes > 0
                    then
                        cast(nb_manquantes + nb_sans_place + nb_absentes as string)
                        || ' lignes refusées, non reconnues ou attendues et absentes'
                when nb_sans_place = 0
                    then cast(nb_manquantes as string) || case when nb_manquantes > 1 then ' lignes refusées' else ' ligne refusée' end
                when nb_manquantes = 0
                    then
                        cast(nb_sans_place as string)
                        || case when nb_sans_place > 1 then ' lignes non reconnues' else ' ligne non reconnue' end
                else cast(nb_manquantes + nb_sans_place as string) || ' lignes refusées ou non reconnues'
            end
        ) as string
    ) as motif,
    cast(axes as string) as axes
from pertes
