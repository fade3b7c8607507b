-- What stands on every figure, and why: the pieces of its sources that nothing covers, and what was found about the others.
-- An expression rests on what its measures rest on. What somebody decided to be nothing (`effet`) says why.
with effets as (
    select distinct
        feuilles.code,
        feuilles.exercice,
        effets.source,
        effets.nature,
        effets.piece,
        effets.est_entiere,
        effets.effet,
        effets.motif,
        effets.decision,
        effets.empreinte,
        effets.nb_perdues,
        effets.montant_perdu_eur
    from {{ ref('chiffres__feuilles') }} as feuilles
    inner join {{ ref('chiffres__effets') }} as effets on feuilles.mesure = effets.code and feuilles.exercice = effets.exercice
    inner join {{ ref('chiffres') }} as chiffres on feuilles.code = chiffres.code and feuilles.exercice = chiffres.exercice
),

-- a reason once, whatever the number of findings that give it
motifs as (
    select
        code,
        exercice,
        source,
        nature,
        piece,
        est_entiere,
        effet,
        motif,
        decision,
        case when count(*) = count(nb_perdues) then sum(nb_perdues) end as nb_perdues,
        case when count(*) = count(montant_perdu_eur) then sum(montant_perdu_eur) end as montant_perdu_eur
    from effets
    group by code, exercice, source, nature, piece, est_entiere, effet, motif, decision
)

select
    cast(code as string) as code_chiffre,
    cast(exercice as integer) as exercice,
    cast(source as string) as source,
    cast(nature as string) as nature_morceau,
    cast(piece as string) as piece,
    cast(
        case when bool_or(effet = 'manque') then 'manque' when bool_or(effet = 'réserve') then 'réserve' else 'rien' end as string
    ) as effet,
    cast(
        {{ texte_joint("case when est_entiere then motif else " ~ motif_compte('motif', 'nb_perdues') ~ " end", 'motif') }} as string
    ) as motif,
    cast({{ texte_joint('decision', 'decision') }} as string) as decision,
    cast(case when count(*) = count(nb_perdues) then sum(nb_perdues) end as bigint) as nb_perdues,
    cast(case when count(*) = count(montant_perdu_eur) then sum(montant_perdu_eur) end as decimal(20, 2)) as montant_perdu_eur,
    {{ role_ligne() }}
from motifs
group by code, exercice, source, nature, piece, effet = 'rien'
