select
    cast(code as varchar) as code,
    cast(exercice as integer) as exercice,
    cast(valeur_publiee as decimal(20, 6)) as valeur_publiee,
    cast(nb_decimales_publiees as integer) as nb_decimales_publiees,
    cast(code_manquant_publie as varchar) as code_manquant_publie,
    cast(unite as varchar) as unite,
    cast(texte_publie as varchar) as texte_publie,
    cast(remarque as varchar) as remarque
from {{ ref('int_communs__chiffres_publies') }}
