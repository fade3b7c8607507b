-- Members with lines month after month, but none in months for which their table has some: their numbers are missing
-- them. What is expected is the member's own monthly mean, or less where the others have fewer lines than in its
-- months. A new member counts from its first month on; a few lines prove nothing. If the exercice before is known, the
-- member must have lines in fewer months than then; otherwise it must be an exception among the others: when most have
-- such months, either the export or the work is like that.
with mois as (
    select source, exercice, serie, mois, sum(nb_lignes) as nb_lignes
    from {{ ref('int_communs__series') }}
    group by source, exercice, serie, mois
),

exercices as (
    select source, exercice, serie, count(*) as nb_mois
    from mois
    group by source, exercice, serie
),

membres as (
    select
        series.source,
        series.exercice,
        series.serie,
        series.membre,
        series.est_fichier,
        series.est_une_par_mois,
        min(series.mois) as premier_mois,
        count(*) as nb_mois,
        sum(series.nb_lignes) as nb_lignes,
        sum(mois.nb_lignes - series.nb_lignes) as nb_lignes_autres
    from {{ ref('int_communs__series') }} as series
    inner join mois
        on series.source = mois.source
        and series.exercice = mois.exercice
        and series.serie = mois.serie
        and series.mois = mois.mois
    group by series.source, series.exercice, series.serie, series.membre, series.est_fichier, series.est_une_par_mois
),

compares as (
    select
        membres.*,
        avant.nb_mois as nb_mois_avant,
        case
            when exercices_avant.source is null or avant.source is not null or membres.est_fichier then 1
            else membres.premier_mois
        end as mois_debut,
        count(*) over (partition by membres.source, membres.exercice, membres.serie) as nb_membres,
        3 * membres.nb_mois >= exercices.nb_mois
        or coalesce(3 * avant.nb_mois >= exercices_avant.nb_mois, false) as est_suivi
    from membres
    inner join exercices on membres.source = exercices.source and membres.exercice = exercices.exercice and membres.serie = exercices.serie
    left join exercices as exercices_avant
        on membres.source = exercices_avant.source
        and membres.exercice = exercices_avant.exercice + 1
        and membres.serie = exercices_avant.serie
    left join membres as avant
        on membres.source = avant.source
        and membres.exercice = avant.exercice + 1
        and membres.serie = avant.serie
        and membres.membre = avant.membre
),

attendus as (
    select
        compares.source,
        compares.exercice,
        compares.serie,
        compares.membre,
        compares.est_fichier,
        compares.est_une_par_mois,
        compares.nb_mois,
        compares.nb_mois_avant,
        compares.nb_membres,
        mois.mois,
        cast(
            case
                when compares.est_une_par_mois then 1
                when compares.nb_lignes_autres = 0 then compares.nb_lignes / compares.nb_mois
                else least(
                    compares.nb_lignes / compares.nb_mois,
                    compares.nb_lignes * mois.nb_lignes / compares.nb_lignes_autres
                )
            end as decimal(20, 2)
        ) as nb_attendues
    from compares
    inner join mois
        on compares.source = mois.source
        and compares.exercice = mois.exercice
        and compares.serie = mois.serie
        and compares.mois_debut <= mois.mois
    left join {{ ref('int_communs__series') }} as series
        on compares.source = series.source
        and compares.exercice = series.exercice
        and compares.serie = series.serie
        and compares.membre = series.membre
        and mois.mois = series.mois
    where compares.est_suivi and compares.membre not in ('inconnue', 'non_repartie') and series.source is null
),

trous as (
    select
        source,
        exercice,
        serie,
        membre,
        est_fichier,
        nb_mois,
        nb_mois_avant,
        est_une_par_mois,
        {{ texte_joint('cast(mois as string)', 'mois') }} as mois,
        cast(ceil(sum(nb_attendues)) as bigint) as nb_attendues,
        max(nb_membres) as nb_membres
    from attendus
    group by source, exercice, serie, membre, est_fichier, nb_mois, nb_mois_avant, est_une_par_mois
    having est_une_par_mois or sum(nb_attendues) >= 10
),

exceptions as (
    select *, 2 * count(*) over (partition by source, exercice, serie) <= nb_membres as est_exception
    from trous
)

select
    source,
    exercice,
    serie,
    membre,
    est_fichier,
    mois,
    nb_mois,
    nb_attendues
from exceptions
where nb_mois < nb_mois_avant or (est_exception and (nb_mois_avant is null or est_une_par_mois))
