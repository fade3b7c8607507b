-- The inputs of every measure: each piece of its sources (a delivery, its months, its documents) but those that its filter
-- leaves out, what came of it, and whether it is covered. The alternatives of a source cover a piece jointly: payroll
-- fills the months missing from the social declarations, and one that is not divided into pieces covers all. The tables
-- of an alternative, those of a shape, cover it together: one that is awaited leaves a gap.
with sources as (
    select
        declares.code,
        declares.code_declare as mesure,
        declares.exercice,
        alternatives.groupe,
        alternatives.alternative,
        case
            when declares.famille is null then alternatives.source
            else replace(alternatives.source, '{' || declares.famille || '}', declares.code_membre)
        end as source
    from {{ ref('chiffres__declares') }} as declares
    inner join {{ source('catalogue', 'chiffres_sources') }} as alternatives on declares.code_declare = alternatives.mesure
),

portees as (
    {{ portees(ref('int_communs__collecte')) }}
),

-- a source that gives none of the fields of a group that a measure needs is of no use to it, nor are the lines
-- (`nb_lignes`) of those of its files that are without them
champs as (
    select
        mesure,
        source,
        exercice,
        {{ texte_joint('motif', 'motif') }} as motif,
        bool_or(nb_lignes is null) as est_entier,
        max(nb_lignes) as nb_lignes
    from (
        select
            besoins.mesure,
            absents.source,
            absents.exercice,
            'champ '
            || replace({{ texte_joint("'« ' || absents.titre || ' »'", 'absents.champ') }}, ' », « ', ' » ou « ') || ' non fourni'
            || case when min(absents.nb_lignes) is null then '' else ' par tous les fichiers' end as motif,
            min(absents.nb_lignes) as nb_lignes
        from {{ source('catalogue', 'chiffres_champs') }} as besoins
        inner join {{ source('collecte', 'champs_absents') }} as absents on besoins.champ = absents.champ
        group by besoins.mesure, absents.source, absents.exercice, besoins.groupe, besoins.taille
        having count(*) = besoins.taille
    ) as groupes
    group by mesure, source, exercice
),

pieces as (
    select
        sources.code,
        sources.exercice,
        sources.groupe,
        sources.alternative,
        sources.source,
        coalesce(collecte.nature, 'livraison') as nature,  -- a member without a system of its own has no delivery
        coalesce(collecte.piece, '') as piece,
        coalesce(collecte.est_suivie, false) as est_suivie,
        coalesce(collecte.est_attendue, false) as est_attendue,
        coalesce(collecte.nature, 'livraison') = 'livraison' or collecte.est_attendue or collecte.est_recue as est_requise,
        coalesce(collecte.est_acceptee, false)
        and not coalesce(champs.est_entier, false)
        and not coalesce(portees.est_indistinct, false) as est_acceptee,
        indispensables.nature is not null as est_indispensable,
        collecte.nb_lues - collecte.nb_ignorees as nb_lignes,
        case when collecte.nature = 'livraison' then champs.nb_lignes end as nb_sans_champ,
        coalesce(
            case when collecte.est_acceptee then coalesce(champs.motif, portees.titres) end,
            collecte.motif,
            case when collecte.source is null then 'système non déclaré' end
        ) as motif
    from sources
    left join {{ ref('int_communs__collecte') }} as collecte
        on sources.source = collecte.source and sources.exercice = collecte.exercice
    left join {{ source('catalogue', 'chiffres_indispensables') }} as indispensables
        on sources.mesure = indispensables.mesure and collecte.nature = indispensables.nature
    left join champs
        on sources.mesure = champs.mesure and sources.source = champs.source and sources.exercice = champs.exercice
    left join portees on sources.code = portees.code and collecte.axes = portees.axes
    where not coalesce(portees.est_hors_filtre, false)
),

alternatives as (
    select
        *,
        bool_or(est_acceptee) over piece and not bool_or(est_attendue and not est_acceptee) over piece as est_piece_entiere,
        bool_or(est_acceptee and nature = 'livraison') over alternative and bool_and(nature = 'livraison') over alternative
            as est_sans_pieces
    from pieces
    window
        piece as (partition by code, exercice, groupe, alternative, nature, piece),
        alternative as (partition by code, exercice, groupe, alternative)
)

select
    code,
    exercice,
    groupe,
    source,
    nature,
    piece,
    est_suivie,
    est_attendue,
    est_acceptee,
    est_indispensable,
    nb_lignes,
    nb_sans_champ,
    motif,
    bool_or(est_requise) over piece as est_requise,
    bool_or(est_attendue) over piece as a_une_source_attendue,
    bool_or(est_piece_entiere) over piece
    or (nature <> 'livraison' and bool_or(est_sans_pieces) over groupe) as est_couverte
from alternatives
window
    piece as (partition by code, exercice, groupe, nature, piece),
    groupe as (partition by code, exercice, groupe)
