-- What stands on every measure: the pieces that it requires, that did not come and that nothing covers; and what was found
-- about those that came, once each. Of an input that is lost whole (`est_entiere`), nothing can be used.
with portees as (
    {{ portees(ref('int_communs__constats')) }}
),

-- what did not come takes nothing away once somebody decided, of all that is found about it, that nothing is missing
levees as (
    select
        collecte.source,
        collecte.exercice,
        collecte.nature,
        collecte.piece,
        {{ texte_joint('constats.decision', 'constats.decision') }} as decision
    from {{ ref('int_communs__collecte') }} as collecte
    inner join {{ ref('int_communs__constats') }} as constats on {{ porte_sur('constats', 'collecte') }}
    where constats.piece is not null and constats.effet <> 'rien'
    group by collecte.source, collecte.exercice, collecte.nature, collecte.piece
    having bool_and(constats.decision is not null)
)

select
    pieces.code,
    pieces.exercice,
    pieces.source,
    pieces.nature,
    pieces.piece,
    pieces.est_indispensable,
    true as est_entiere,
    case when levees.decision is null then 'manque' else 'rien' end as effet,
    pieces.motif,
    levees.decision,
    cast(null as string) as empreinte,
    pieces.nb_lignes as nb_perdues,
    cast(null as decimal(20, 2)) as montant_perdu_eur
from {{ ref('chiffres__pieces') }} as pieces
left join levees
    on pieces.source = levees.source and pieces.exercice = levees.exercice
    and pieces.nature = levees.nature and pieces.piece = levees.piece
where
    pieces.est_requise
    and not pieces.est_couverte
    and not pieces.est_acceptee
    -- among the alternatives of a source, those that the year awaits
    and (pieces.est_attendue or not pieces.a_une_source_attendue)
union
select
    code,
    exercice,
    source,
    nature,
    piece,
    est_indispensable,
    false as est_entiere,
    'manque' as effet,
    motif,
    cast(null as string) as decision,
    cast(null as string) as empreinte,
    nb_sans_champ as nb_perdues,
    cast(null as decimal(20, 2)) as montant_perdu_eur
from {{ ref('chiffres__pieces') }}
where est_acceptee and nb_sans_champ > 0
union
select
    pieces.code,
    pieces.exercice,
    pieces.source,
    pieces.nature,
    pieces.piece,
    pieces.est_indispensable,
    constats.effet = 'manque' and constats.nb_perdues is null as est_entiere,
    constats.effet_retenu as effet,
    constats.motif,
    constats.decision,
    constats.empreinte,
    constats.nb_perdues,
    constats.montant_perdu_eur
from {{ ref('chiffres__pieces') }} as pieces
inner join {{ ref('int_communs__constats') }} as constats on {{ porte_sur('constats', 'pieces') }}
left join portees on pieces.code = portees.code and constats.axes = portees.axes
where
    pieces.est_acceptee
    and constats.effet <> 'rien'
    and not coalesce(portees.est_hors_filtre, false)
    and (position('=|' in constats.axes) = 0 or coalesce(portees.est_indistinct, false))
