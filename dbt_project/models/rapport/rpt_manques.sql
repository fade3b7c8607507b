-- What every figure is missing, and why: the pieces that no source covers, and the lines that were lost. Among the
-- alternatives of a source, those that the year awaits are named. Two measures of a figure may be missing the same
-- piece for different reasons.
with manques as (
    select distinct
        pieces.code,
        pieces.exercice,
        pieces.source,
        pieces.nature,
        pieces.piece,
        pieces.motif,
        pieces.nb_perdues,
        pieces.montant_perdu_eur
    from {{ ref('chiffres__pieces') }} as pieces
    inner join {{ ref('chiffres') }} as chiffres on pieces.code = chiffres.code and pieces.exercice = chiffres.exercice
    where
        (
            pieces.est_requise
            and not pieces.est_couverte
            and not pieces.est_acceptee
            and (pieces.est_attendue or not pieces.a_une_source_attendue)
        )
        or (pieces.est_acceptee and pieces.nb_perdues > 0)
),

motifs as (
    select code, exercice, source, nature, piece, {{ texte_joint('motif', 'motif') }} as motif
    from (select distinct code, exercice, source, nature, piece, motif from manques) as distincts
    group by code, exercice, source, nature, piece
)

select
    cast(manques.code as string) as code_chiffre,
    cast(manques.exercice as integer) as exercice,
    cast(manques.source as string) as source,
    cast(manques.nature as string) as nature_morceau,
    cast(manques.piece as string) as piece,
    cast(max(motifs.motif) as string) as motif,
    cast(case when count(*) = count(manques.nb_perdues) then max(manques.nb_perdues) end as bigint) as nb_perdues,
    cast(
        case when count(*) = count(manques.montant_perdu_eur) then max(manques.montant_perdu_eur) end as decimal(20, 2)
    ) as montant_perdu_eur,
    {{ role_ligne() }}
from manques
inner join motifs
    on manques.code = motifs.code
    and manques.exercice = motifs.exercice
    and manques.source = motifs.source
    and manques.nature = motifs.nature
    and manques.piece = motifs.piece
group by manques.code, manques.exercice, manques.source, manques.nature, manques.piece
