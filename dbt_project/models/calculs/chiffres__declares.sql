-- Every figure that the report may print, one row per exercice (and member of its family), with what is said of it and
-- what is behind it: are its tables accepted, were lines refused, or accepted and not understood?
with instances as (
    select
        chiffres.code as code_declare,
        cast(null as string) as code_membre,
        exercices.exercice,
        chiffres.code,
        chiffres.libelle,
        chiffres.formule
    from {{ source('catalogue', 'chiffres') }} as chiffres
    cross join {{ ref('dim_exercice') }} as exercices
    where chiffres.famille is null
    union all
    select
        chiffres.code as code_declare,
        membres.code_membre,
        membres.exercice,
        replace(chiffres.code, '{' || chiffres.famille || '}', membres.code_membre) as code,
        replace(chiffres.libelle, '{' || chiffres.famille || '}', membres.libelle_membre) as libelle,
        replace(
            replace(chiffres.formule, '{' || chiffres.famille || '}', membres.libelle_membre),
            '{code_' || chiffres.famille || '}',
            membres.code_membre
        ) as formule
    from {{ source('catalogue', 'chiffres') }} as chiffres
    inner join {{ ref('chiffres__familles') }} as membres
        on chiffres.famille = membres.famille
        and coalesce(membres.indicateur, chiffres.indicateur) = chiffres.indicateur
),

sources as (
    select
        instances.code,
        instances.exercice,
        alternatives.groupe,
        alternatives.alternative,
        case
            when chiffres.famille is null then alternatives.source
            else replace(alternatives.source, '{' || chiffres.famille || '}', instances.code_membre)
        end as source
    from instances
    inner join {{ source('catalogue', 'chiffres') }} as chiffres on instances.code_declare = chiffres.code
    inner join {{ source('catalogue', 'chiffres_sources') }} as alternatives on chiffres.code = alternatives.code
),

illisibles as (
    select distinct source, exercice from {{ ref('fct_lignes_signalees') }} where est_illisible
),

-- the tables of an alternative, those of a shape, cover it together: one that is awaited lacks
alternatives as (
    select
        sources.code,
        sources.exercice,
        sources.groupe,
        bool_or(coalesce(collecte.statut, 'non suivie') <> 'non suivie') as est_suivie,
        bool_or(coalesce(collecte.est_acceptee, false)) as est_recue,
        bool_or(coalesce(collecte.est_attendue and not collecte.est_acceptee, false)) as est_attendue,
        bool_or(coalesce(collecte.nb_refusees, 0) > 0 or illisibles.source is not null) as est_entamee
    from sources
    left join {{ ref('fct_collecte') }} as collecte
        on sources.source = collecte.source and sources.exercice = collecte.exercice
    left join illisibles on sources.source = illisibles.source and sources.exercice = illisibles.exercice
    group by sources.code, sources.exercice, sources.groupe, sources.alternative
),

-- one of the alternatives of a source is enough
groupes as (
    select
        code,
        exercice,
        bool_or(est_recue) as est_recu,
        bool_or(est_suivie) as est_suivi,
        bool_or(est_entamee) or not bool_or(est_recue and not est_attendue) as est_partiel
    from alternatives
    group by code, exercice, groupe
),

etats as (
    select
        code,
        exercice,
        bool_and(est_recu) as est_recu,
        bool_and(est_suivi) as est_suivi,
        bool_or(est_partiel) as est_partiel
    from groupes
    group by code, exercice
)

select
    instances.code_declare,
    instances.code_membre,
    instances.code,
    instances.exercice,
    instances.libelle,
    chiffres.unite,
    chiffres.decimales,
    chiffres.domaine,
    instances.formule,
    chiffres.est_mesure,
    chiffres.code_si_vide,
    coalesce(etats.est_recu, false) as est_recu,
    coalesce(etats.est_suivi, false) as est_suivi,
    coalesce(etats.est_partiel, false) as est_partiel
from instances
inner join {{ source('catalogue', 'chiffres') }} as chiffres on instances.code_declare = chiffres.code
left join etats on instances.code = etats.code and instances.exercice = etats.exercice
