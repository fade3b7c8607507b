-- What was found about an input, whatever found it, and what it takes away from the figures that use it: the controls of
-- the warehouse, what the collection knows of files, refused lines. Where somebody decided that nothing is missing, it
-- takes nothing away (`effet_retenu`), and `decision` says why.
with documents as (
    select distinct source, exercice
    from {{ ref('int_communs__collecte') }}
    where nature = 'document'
),

-- what a refused line takes away comes back once nothing is missing for any of its reasons
decisions as (
    select empreinte, {{ texte_joint('motif', 'motif') }} as motif, count(*) as nb_decisions
    from {{ source('collecte', 'decisions') }}
    where empreinte is not null
    group by empreinte
),

trouves as (
    select
        code_regle,
        cle,
        source,
        exercice,
        piece,
        axes,
        effet,
        nb_perdues,
        montant_perdu_eur,
        null as motif,
        empreinte,
        1 as nb_motifs
    from {{ ref('controles__entrees') }}
    union all
    select
        code_regle,
        null as cle,
        source,
        exercice,
        null as piece,
        null as axes,
        effet,
        null as nb_perdues,
        null as montant_perdu_eur,
        motif,
        empreinte,
        1 as nb_motifs
    from {{ source('collecte', 'constats') }}
    union all
    -- a document that has a refused line is lost whole, and says so itself
    select
        null as code_regle,
        null as cle,
        refusees.systeme || '/' || refusees.nom_table as source,
        refusees.exercice,
        null as piece,
        null as axes,
        -- a quotation mark may have closed over any number of lines
        case when refusees.regle = 'LIG-GUILLEMETS' then 'réserve' else 'manque' end as effet,
        case when refusees.regle <> 'LIG-GUILLEMETS' then 1 end as nb_perdues,
        case when refusees.regle <> 'LIG-GUILLEMETS' then refusees.montant_eur end as montant_perdu_eur,
        'lignes refusées' as motif,
        refusees.empreinte,
        refusees.nb_motifs
    from {{ source('collecte', 'lignes_refusees') }} as refusees
    left join documents
        on refusees.systeme || '/' || refusees.nom_table = documents.source and refusees.exercice = documents.exercice
    where documents.source is null
)

select
    morceaux.morceau as source,
    trouves.exercice,
    trouves.piece,
    coalesce(trouves.axes, '|') as axes,
    trouves.effet,
    case when coalesce(decisions.motif, admis.motif) is null then trouves.effet else 'rien' end as effet_retenu,
    coalesce(decisions.motif, admis.motif) as decision,
    trouves.nb_perdues,
    trouves.montant_perdu_eur,
    coalesce(trouves.motif, regles.titre) as motif,
    trouves.code_regle is null as est_refus,
    trouves.empreinte
from trouves
left join {{ source('catalogue', 'regles') }} as regles on trouves.code_regle = regles.code
left join decisions on trouves.empreinte = decisions.empreinte and trouves.nb_motifs <= decisions.nb_decisions
left join {{ source('collecte', 'decisions') }} as admis
    on admis.empreinte is null and trouves.code_regle = admis.code and trouves.cle = admis.cle
{{ morceaux('trouves.source', '|') }}
