-- What every measure keeps, column by column: the values of its filter, and the member of its family.
select
    declares.code,
    filtres.colonne,
    filtres.titre,
    filtres.valeur
from {{ ref('chiffres__declares') }} as declares
inner join {{ source('catalogue', 'chiffres_filtres') }} as filtres on declares.code_declare = filtres.mesure
union all
select
    declares.code,
    familles.colonne,
    familles.colonne as titre,
    declares.code_membre as valeur
from {{ ref('chiffres__declares') }} as declares
inner join {{ source('catalogue', 'chiffres_colonnes_familles') }} as familles on declares.famille = familles.famille
where declares.est_mesure
