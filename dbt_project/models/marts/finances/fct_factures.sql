select
    cast(exercice as integer) as exercice,
    cast(numero_edition as string) as numero_edition,
    cast(date_edition as date) as date_edition,
    cast(code_collectivite as string) as code_collectivite,
    cast(activite as string) as activite,
    cast(nb_factures as bigint) as nb_factures,
    cast(nb_factures_annulees as bigint) as nb_factures_annulees,
    cast(montant_eur as decimal(18, 2)) as montant_eur
from {{ ref('int_finances__factures') }}
where poids = 1
