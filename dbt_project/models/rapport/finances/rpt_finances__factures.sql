-- The chart of invoices: by month and collectivité.
select
    cast(factures.exercice as integer) as exercice,
    {{ mois_et_date('factures.exercice', 'month(factures.date_edition)') }},
    cast(factures.code_collectivite as string) as code_collectivite,
    cast(collectivites.libelle_collectivite as string) as libelle_collectivite,
    cast(sum(factures.nb_factures) as bigint) as nb_factures,
    cast(sum(factures.nb_factures_annulees) as bigint) as nb_factures_annulees,
    cast(sum(factures.montant_eur) as decimal(18, 2)) as montant_eur,
    {{ role_ligne() }}
from {{ ref('fct_factures') }} as factures
inner join {{ ref('dim_collectivite') }} as collectivites
    on factures.code_collectivite = collectivites.code_collectivite
group by
    factures.exercice,
    month(factures.date_edition),
    factures.code_collectivite,
    collectivites.libelle_collectivite
