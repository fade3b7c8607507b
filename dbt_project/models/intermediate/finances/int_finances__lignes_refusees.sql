-- Every refused line of a budget document that figures read, with the document it belongs to: the last one that begins
-- before it in the file; all those that begin there when a file without line breaks does not distinguish them.
with refusees as (
    select exercice, livraison, fichier, ligne, nom_table, colonnes, regle
    from {{ source('collecte', 'lignes_refusees') }}
    where systeme = 'budget' and nom_table in ('documents', 'lignes', 'emprunts')
),

situees as (
    select
        refusees.*, (
            select max(entetes._ligne) from {{ ref('int_finances__entetes') }} as entetes
            where entetes._livraison = refusees.livraison and entetes._fichier = refusees.fichier and entetes._ligne <= refusees.ligne
        ) as debut
    from refusees
)

select
    entetes.document_id,
    situees.exercice,
    situees.fichier,
    situees.ligne,
    situees.nom_table,
    situees.colonnes,
    situees.regle
from situees
inner join {{ ref('int_finances__entetes') }} as entetes
    on situees.livraison = entetes._livraison
    and situees.fichier = entetes._fichier
    and situees.debut = entetes._ligne
