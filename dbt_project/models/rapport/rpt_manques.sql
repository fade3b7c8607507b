-- What every figure lacks, and why: the pieces that no source covers, and the lines that were lost. Of the alternatives of a
-- source, those that the year awaits are named.
select distinct
    cast(pieces.code as string) as code,
    cast(pieces.exercice as integer) as exercice,
    cast(pieces.source as string) as source,
    cast(pieces.nature as string) as nature,
    cast(pieces.piece as string) as piece,
    cast(pieces.motif as string) as motif,
    cast(pieces.nb_perdues as bigint) as nb_perdues,
    cast(pieces.montant_perdu_eur as decimal(20, 2)) as montant_perdu_eur
from {{ ref('chiffres__pieces') }} as pieces
inner join {{ ref('chiffres') }} as chiffres on pieces.code = chiffres.code and pieces.exercice = chiffres.exercice
where
    (
        pieces.est_requise
        and not pieces.est_couverte
        and not pieces.est_acceptee
        and (pieces.est_attendue or not pieces.a_une_source_attendue)
    )
    or (pieces.nature = 'livraison' and pieces.est_acceptee and pieces.nb_perdues > 0)
