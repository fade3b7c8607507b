-- The chapters of the series, whatever the chart of accounts of the year, as the latest exercice calls them.
with chapitres as (
    select
        code_chapitre_canonique,
        libelle_chapitre_canonique,
        section,
        row_number() over (
            partition by code_chapitre_canonique
            order by exercice desc nulls last, section asc nulls last, libelle_chapitre_canonique asc nulls last
        ) as rang
    from {{ ref('fct_lignes_documents') }}
    where code_chapitre_canonique is not null
)

select
    cast(code_chapitre_canonique as string) as code_chapitre_canonique,
    cast(libelle_chapitre_canonique as string) as libelle_chapitre_canonique,
    cast(section as string) as section
from chapitres
where rang = 1
