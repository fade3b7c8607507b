-- Why permanent agents came and left, the most frequent first; equal numbers in the order of their labels.
with comptes as (
    select exercice, sens_mouvement, code_motif, sum(nb_agents) as nb_agents
    from {{ ref('fct_mouvements') }}
    where est_permanent and sens_mouvement in ('arrivee', 'depart')
    group by exercice, sens_mouvement, code_motif
)

select
    cast(comptes.exercice as integer) as exercice,
    cast(comptes.sens_mouvement as string) as sens_mouvement,
    cast(
        row_number() over (
            partition by comptes.exercice, comptes.sens_mouvement
            order by comptes.nb_agents desc nulls last, motifs.libelle_motif asc nulls last
        ) as integer
    ) as rang,
    cast(comptes.code_motif as string) as code_motif,
    cast(motifs.libelle_motif as string) as libelle_motif,
    cast(comptes.nb_agents as bigint) as nb_agents,
    cast(
        {{ ratio('comptes.nb_agents * 100', 'sum(comptes.nb_agents) over (partition by comptes.exercice, comptes.sens_mouvement)', 0) }}
        as integer
    ) as part_pct,
    {{ role_ligne() }}
from comptes
inner join {{ ref('dim_motif_mouvement') }} as motifs
    on comptes.sens_mouvement = motifs.sens_mouvement and comptes.code_motif = motifs.code_motif
