-- The pieces that every figure rests on: those of the sources of its measures, except the ones that a filter leaves out
-- (the accounts of an annexe say nothing of the principal budget). The alternatives of a source cover a piece jointly:
-- payroll fills the months missing from the social declarations, and one that is not divided into pieces covers all.
-- The tables of an alternative, those of a shape, cover it together: one that is awaited leaves a gap.
with sources as (
    select
        declares.code,
        declares.exercice,
        feuilles.mesure,
        alternatives.groupe,
        alternatives.alternative,
        case
            when declares.famille is null then alternatives.source
            else replace(alternatives.source, '{' || declares.famille || '}', declares.code_membre)
        end as source
    from {{ ref('chiffres__declares') }} as declares
    inner join {{ source('catalogue', 'chiffres_feuilles') }} as feuilles on declares.code_declare = feuilles.code
    inner join {{ source('catalogue', 'chiffres_sources') }} as alternatives on feuilles.mesure = alternatives.mesure
),

-- a piece that a filter recognises and leaves out
hors_filtre as (
    select distinct mesure, source, exercice, nature, piece
    from (
        select
            filtres.mesure,
            filtres.colonne,
            collecte.source,
            collecte.exercice,
            collecte.nature_morceau as nature,
            collecte.piece,
            bool_or(position('|' || filtres.colonne || '=' || filtres.valeur || '|' in collecte.axes) > 0) as est_gardee
        from {{ source('catalogue', 'chiffres_filtres') }} as filtres
        inner join {{ ref('fct_collecte') }} as collecte
            on position('|' || filtres.colonne || '=' in collecte.axes) > 0
            and position('|' || filtres.colonne || '=|' in collecte.axes) = 0
        group by
            filtres.mesure, filtres.colonne, collecte.source, collecte.exercice, collecte.nature_morceau, collecte.piece
    ) as filtrees
    where not est_gardee
),

-- a piece that the filter cannot classify: whatever came of it is not used
sans_axe as (
    select
        mesure,
        source,
        exercice,
        nature,
        piece,
        {{ texte_joint("'« ' || titre || ' » n’y figure pas'", 'titre') }} as motif
    from (
        select distinct
            filtres.mesure,
            filtres.titre,
            collecte.source,
            collecte.exercice,
            collecte.nature_morceau as nature,
            collecte.piece
        from {{ source('catalogue', 'chiffres_filtres') }} as filtres
        inner join {{ ref('fct_collecte') }} as collecte
            on position('|' || filtres.colonne || '=|' in collecte.axes) > 0
        where collecte.est_acceptee
    ) as indistinctes
    group by mesure, source, exercice, nature, piece
),

-- a source that gives none of the fields of a group that the measure needs: whatever came of it is not used, or not the
-- lines of those of its files that are without them
sans_champ as (
    select
        mesure,
        source,
        exercice,
        {{ texte_joint('motif', 'motif') }} as motif,
        bool_or(est_entier) as est_entier,
        max(nb_lignes) as nb_lignes
    from (
        select
            besoins.mesure,
            absents.source,
            absents.exercice,
            besoins.groupe,
            'champ '
            || replace({{ texte_joint("'« ' || absents.titre || ' »'", 'absents.champ') }}, ' », « ', ' » ou « ')
            || case when count(absents.nb_lignes) = 0 then ' non fourni' else ' non fourni par tous les fichiers' end as motif,
            count(absents.nb_lignes) = 0 as est_entier,
            min(absents.nb_lignes) as nb_lignes
        from {{ source('catalogue', 'chiffres_champs') }} as besoins
        inner join {{ ref('chiffres__champs_absents') }} as absents on besoins.champ = absents.champ
        group by besoins.mesure, absents.source, absents.exercice, besoins.groupe, besoins.taille
        having count(*) = besoins.taille
    ) as groupes
    group by mesure, source, exercice
),

pieces as (
    select
        sources.code,
        sources.mesure,
        sources.groupe,
        sources.alternative,
        sources.source,
        sources.exercice,
        coalesce(collecte.nature_morceau, 'livraison') as nature,  -- a member without a system of its own has no delivery
        coalesce(collecte.piece, '') as piece,
        coalesce(collecte.statut_collecte, 'non suivie') <> 'non suivie' as est_suivie,
        coalesce(collecte.est_attendue, false) as est_attendue,
        coalesce(collecte.nature_morceau, 'livraison') = 'livraison' or collecte.est_attendue or collecte.est_recue as est_requise,
        coalesce(collecte.est_acceptee, false) and not coalesce(sans_champ.est_entier, false) and sans_axe.mesure is null as est_acceptee,
        collecte.nb_lues - collecte.nb_ignorees as nb_lignes,
        case
            when sans_axe.mesure is not null then collecte.nb_lues - collecte.nb_ignorees
            when sans_champ.est_entier then collecte.nb_lues - collecte.nb_ignorees
            when sans_champ.mesure is null or collecte.nature_morceau <> 'livraison' then collecte.nb_perdues
            else least(collecte.nb_perdues + sans_champ.nb_lignes, collecte.nb_lues - collecte.nb_ignorees)
        end as nb_perdues,
        case when sans_champ.mesure is null and sans_axe.mesure is null then collecte.montant_perdu_eur end as montant_perdu_eur,
        coalesce(
            case when collecte.est_acceptee then sans_champ.motif end,
            sans_axe.motif,
            collecte.motif,
            case when collecte.source is null then 'système non déclaré' end
        ) as motif,
        indispensables.nature is not null as est_indispensable,
        bool_or(
            coalesce(collecte.nature_morceau = 'livraison' and collecte.est_acceptee and not coalesce(sans_champ.est_entier, false), false)
        ) over source as est_source_acceptee,
        bool_or(coalesce(collecte.nature_morceau <> 'livraison', false)) over source as est_en_pieces
    from sources
    left join {{ ref('fct_collecte') }} as collecte
        on sources.source = collecte.source and sources.exercice = collecte.exercice
    left join {{ source('catalogue', 'chiffres_indispensables') }} as indispensables
        on sources.mesure = indispensables.mesure and collecte.nature_morceau = indispensables.nature
    left join sans_champ
        on sources.mesure = sans_champ.mesure
        and sources.source = sans_champ.source
        and sources.exercice = sans_champ.exercice
    left join sans_axe
        on sources.mesure = sans_axe.mesure
        and collecte.source = sans_axe.source
        and collecte.exercice = sans_axe.exercice
        and collecte.nature_morceau = sans_axe.nature
        and collecte.piece = sans_axe.piece
    left join hors_filtre
        on sources.mesure = hors_filtre.mesure
        and collecte.source = hors_filtre.source
        and collecte.exercice = hors_filtre.exercice
        and collecte.nature_morceau = hors_filtre.nature
        and collecte.piece = hors_filtre.piece
    where hors_filtre.mesure is null
    window source as (
        partition by sources.code, sources.mesure, sources.groupe, sources.alternative, sources.exercice, sources.source
    )
),

alternatives as (
    select
        *,
        bool_or(est_acceptee) over piece
        and not bool_or(est_attendue and not est_acceptee) over piece as est_piece_entiere,
        bool_or(est_source_acceptee) over alternative and not bool_or(est_en_pieces) over alternative as est_sans_pieces
    from pieces
    window
        piece as (partition by code, exercice, mesure, groupe, alternative, nature, piece),
        alternative as (partition by code, exercice, mesure, groupe, alternative)
)

select
    code,
    exercice,
    mesure,
    groupe,
    source,
    nature,
    piece,
    est_suivie,
    est_attendue,
    est_acceptee,
    est_indispensable,
    nb_lignes,
    nb_perdues,
    montant_perdu_eur,
    motif,
    bool_or(est_requise) over piece as est_requise,
    bool_or(est_attendue) over piece as a_une_source_attendue,
    bool_or(est_acceptee) over piece as est_presente,
    bool_or(est_piece_entiere) over piece
    or (nature <> 'livraison' and bool_or(est_sans_pieces) over groupe) as est_couverte
from alternatives
window
    piece as (partition by code, exercice, mesure, groupe, nature, piece),
    groupe as (partition by code, exercice, mesure, groupe)
