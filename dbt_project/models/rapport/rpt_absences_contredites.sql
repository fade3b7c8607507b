select
    cast(chiffres.code as string) as code_chiffre,
    cast(chiffres.exercice as integer) as exercice,
    cast(chiffres.code_manquant as string) as code_manquant,
    cast(absences.motif as string) as motif,
    cast(chiffres.valeur_ecartee as decimal(20, 6)) as valeur,
    cast(chiffres.nb_lignes as bigint) as nb_lignes,
    {{ role_ligne() }}
from {{ ref('chiffres') }} as chiffres
inner join {{ ref('fct_absences_declarees') }} as absences
    on chiffres.code = absences.code_chiffre and chiffres.exercice = absences.exercice
where chiffres.valeur_ecartee is not null
