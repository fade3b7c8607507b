select
    cast(code as string) as code_chiffre,
    cast(exercice as integer) as exercice,
    cast(valeur_publiee as decimal(20, 6)) as valeur_publiee,
    cast(nb_decimales_publiees as integer) as nb_decimales_publiees,
    cast(code_manquant_publie as string) as code_manquant_publie,
    cast(unite as string) as unite,
    cast(texte_publie as string) as texte_publie,
    cast(remarque as string) as remarque
from {{ ref('int_communs__chiffres_publies') }}
