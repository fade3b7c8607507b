-- What was consolidated for this organisation: a file of another's gives no row.
select ratios.* -- noqa: AM04
from {{ source('lake', 'comparaison__ratios') }} as ratios
inner join {{ source('organisation', 'profil') }} as organisation on ratios.siren_organisation = organisation.siren
