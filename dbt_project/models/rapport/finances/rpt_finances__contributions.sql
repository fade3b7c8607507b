-- What each member pays: the titres on the declared accounts, by debtor. Debtors that are not members are in one row,
-- without name. What each is of the whole, how it changed, and who pays most and least per inhabitant, is told of the years for
-- which every titre came.
with contributions as (
    select
        exercice,
        code_collectivite,
        count(distinct piece_id) as nb_titres,
        sum(montant_eur) as montant_eur
    from {{ ref('fct_ecritures') }}
    where est_contribution
    group by exercice, code_collectivite
),

entiers as (
    select
        exercice,
        bool_and(effet = 'rien') as est_entier
    from {{ ref('fct_collecte') }}
    where (split_part(source, '/', 2) = 'titres' or source = 'pes/bordereaux') and statut_collecte <> 'non suivie'
    group by exercice
),

compares as (
    select
        contributions.*,
        case when entiers.est_entier then sum(contributions.montant_eur) over (partition by contributions.exercice) end as total_eur,
        case when entiers.est_entier and avant.est_entier then precedentes.montant_eur end as montant_precedent_eur,
        entiers.est_entier,
        collectivites.libelle_collectivite,
        collectivites.nb_habitants,
        collectivites.annee_population,
        {{ ratio('contributions.montant_eur', 'collectivites.nb_habitants', 2) }} as montant_par_habitant_eur
    from contributions
    left join {{ ref('dim_collectivite') }} as collectivites
        on contributions.code_collectivite = collectivites.code_collectivite
    left join entiers on contributions.exercice = entiers.exercice
    left join entiers as avant on contributions.exercice = avant.exercice + 1
    left join contributions as precedentes
        on contributions.exercice = precedentes.exercice + 1
        and coalesce(contributions.code_collectivite, '') = coalesce(precedentes.code_collectivite, '')
),

extremes as (
    select
        *,
        max(montant_par_habitant_eur) over (partition by exercice) as plus_eur,
        min(montant_par_habitant_eur) over (partition by exercice) as moins_eur
    from compares
)

select
    cast(extremes.exercice as integer) as exercice,
    cast(coalesce(extremes.code_collectivite, 'autres') as string) as code_collectivite,
    cast(coalesce(extremes.libelle_collectivite, 'Autres débiteurs') as string) as libelle_collectivite,
    cast(extremes.nb_titres as bigint) as nb_titres,
    cast(extremes.montant_eur as decimal(18, 2)) as montant_eur,
    cast(extremes.montant_precedent_eur as decimal(18, 2)) as montant_precedent_eur,
    cast(extremes.nb_habitants as bigint) as nb_habitants,
    cast(extremes.annee_population as integer) as annee_population,
    cast(extremes.montant_par_habitant_eur as decimal(18, 2)) as montant_par_habitant_eur,
    cast(
        case
            when not extremes.est_entier or extremes.plus_eur = extremes.moins_eur then null
            when extremes.montant_par_habitant_eur = extremes.plus_eur then 'la plus élevée'
            when extremes.montant_par_habitant_eur = extremes.moins_eur then 'la moins élevée'
        end as string
    ) as place_par_habitant,
    {{ ratio('100 * extremes.montant_eur', 'extremes.total_eur', 1) }} as part_pct,
    {{ ratio('100 * (extremes.montant_eur - extremes.montant_precedent_eur)', 'extremes.montant_precedent_eur', 1) }}
        as variation_pct,
    {{ role_ligne() }}
from extremes
