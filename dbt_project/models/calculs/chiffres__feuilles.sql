-- The measures that every figure rests on: itself, or those of its expression.
select
    declares.code,
    declares.exercice,
    case
        when declares.famille is null then feuilles.mesure
        else replace(feuilles.mesure, '{' || declares.famille || '}', declares.code_membre)
    end as mesure,
    chiffres.unite
from {{ ref('chiffres__declares') }} as declares
inner join {{ source('catalogue', 'chiffres_feuilles') }} as feuilles on declares.code_declare = feuilles.code
inner join {{ source('catalogue', 'chiffres') }} as chiffres on feuilles.mesure = chiffres.code
