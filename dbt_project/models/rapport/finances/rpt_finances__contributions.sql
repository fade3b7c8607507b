-- What each member pays: the titres on the declared accounts, by debtor. Debtors that are not members are in one row,
-- without name.
with contributions as (
    select
        exercice,
        code_collectivite,
        count(distinct piece_id) as nb_titres,
        sum(montant_eur) as montant_eur
    from {{ ref('fct_ecritures') }}
    where est_contribution
    group by exercice, code_collectivite
)

select
    cast(contributions.exercice as integer) as exercice,
    cast(coalesce(contributions.code_collectivite, 'autres') as string) as code_collectivite,
    cast(coalesce(collectivites.libelle_collectivite, 'Autres débiteurs') as string) as libelle_collectivite,
    cast(contributions.nb_titres as bigint) as nb_titres,
    cast(contributions.montant_eur as decimal(18, 2)) as montant_eur,
    cast(collectivites.nb_habitants as bigint) as nb_habitants,
    cast(collectivites.annee_population as integer) as annee_population,
    cast({{ ratio('contributions.montant_eur', 'collectivites.nb_habitants', 2) }} as decimal(18, 2)) as montant_par_habitant_eur,
    {{ role_ligne() }}
from contributions
left join {{ ref('dim_collectivite') }} as collectivites
    on contributions.code_collectivite = collectivites.code_collectivite
