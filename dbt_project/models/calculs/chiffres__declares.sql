-- Every figure that the report may print, one row per exercice (and member of its family), with its description.
with instances as (
    select
        chiffres.code as code_declare,
        cast(null as string) as code_membre,
        exercices.exercice,
        chiffres.code,
        chiffres.libelle,
        chiffres.formule
    from {{ source('catalogue', 'chiffres') }} as chiffres
    cross join {{ ref('dim_exercice') }} as exercices
    where chiffres.famille is null
    union all
    select
        chiffres.code as code_declare,
        membres.code_membre,
        membres.exercice,
        replace(chiffres.code, '{' || chiffres.famille || '}', membres.code_membre) as code,
        replace(chiffres.libelle, '{' || chiffres.famille || '}', membres.libelle_membre) as libelle,
        replace(
            replace(chiffres.formule, '{' || chiffres.famille || '}', membres.libelle_membre),
            '{code_' || chiffres.famille || '}',
            membres.code_membre
        ) as formule
    from {{ source('catalogue', 'chiffres') }} as chiffres
    inner join {{ ref('chiffres__familles') }} as membres
        on chiffres.famille = membres.famille
        and coalesce(membres.indicateur, chiffres.indicateur) = chiffres.indicateur
)

select
    instances.code_declare,
    instances.code_membre,
    instances.code,
    instances.exercice,
    instances.libelle,
    chiffres.famille,
    chiffres.unite,
    chiffres.decimales,
    chiffres.domaine,
    instances.formule,
    chiffres.est_mesure,
    chiffres.code_si_vide
from instances
inner join {{ source('catalogue', 'chiffres') }} as chiffres on instances.code_declare = chiffres.code
