with signalees as (
    select
        source,
        exercice,
        sum(nb_lignes) filter (where not est_comptee) as nb_ecartees
    from {{ ref('fct_lignes_signalees') }}
    group by source, exercice
)

select
    cast(collecte.systeme as string) as systeme,
    cast(collecte.nom_table as string) as nom_table,
    cast(collecte.exercice as integer) as exercice,
    cast(collecte.nature_morceau as string) as nature_morceau,
    cast(collecte.piece as string) as piece,
    cast(collecte.est_attendue as boolean) as est_attendue,
    cast(collecte.est_recue as boolean) as est_recue,
    cast(collecte.est_acceptee as boolean) as est_acceptee,
    cast(collecte.statut_collecte as string) as statut_collecte,
    cast(collecte.livraison as string) as livraison,
    cast(collecte.nb_lues as bigint) as nb_lues,
    cast(collecte.nb_acceptees as bigint) as nb_acceptees,
    cast(collecte.nb_refusees as bigint) as nb_refusees,
    cast(collecte.nb_ignorees as bigint) as nb_ignorees,
    cast(collecte.nb_non_placees as bigint) as nb_non_placees,
    cast(case when collecte.nature_morceau = 'livraison' then coalesce(signalees.nb_ecartees, 0) end as bigint) as nb_ecartees,
    cast(collecte.montant_perdu_eur as decimal(20, 2)) as montant_perdu_eur,
    cast(collecte.motif as string) as motif,
    {{ role_ligne(dont="collecte.nature_morceau <> 'livraison'") }}
from {{ ref('fct_collecte') }} as collecte
left join signalees
    on collecte.source = signalees.source and collecte.exercice = signalees.exercice
