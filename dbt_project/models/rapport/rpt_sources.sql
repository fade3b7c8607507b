-- Whether each table is followed, and came: what an empty table of the report means depends on it. It counts nothing, so
-- that every reader may have it.
select
    cast(source as string) as source,
    cast(exercice as integer) as exercice,
    cast(
        case
            -- lines are lost, or a month or a document is not there
            when bool_or(nature = 'livraison' and est_acceptee)
                and bool_or(
                    case when est_acceptee then nb_perdues > 0 else nature <> 'livraison' and (est_attendue or est_recue) end
                )
                then 'partielle'
            else max(case when nature = 'livraison' then statut end)
        end as string
    ) as statut
from {{ ref('fct_collecte') }}
group by source, exercice
