-- Who came and who left in the year, by the declared contracts alone: an agent arrives with her first contract and leaves at
-- the end of her last one. A contract that goes on, or begins the day after another ended, is no movement, in the year or from
-- one to the next. Declarations do not say why somebody came; a suspension without pay is no departure.
with contrats as (
    select
        exercice,
        matricule,
        date_debut,
        case when statut_agent = 'contractuel' then 'contractuel' else 'fonctionnaire' end as code_statut,
        -- the end is declared once, in its month; 099 takes back one that was declared by mistake
        max(case when coalesce(code_motif_rupture, '') <> '099' then date_fin end) over contrat as date_fin,
        max(code_motif_rupture) over contrat as code_motif_rupture,
        _livraison,
        _fichier,
        _feuille,
        _ligne,
        row_number() over (
            partition by exercice, matricule, numero_contrat, date_debut
            order by mois desc nulls last, declaration_id desc nulls last, _ligne desc nulls last
        ) as rang
    from {{ ref('int_rh__contrats_dsn') }}
    where est_agent and statut_agent is not null and motif <> 'déclaration écartée'
    window contrat as (partition by exercice, matricule, numero_contrat, date_debut)
),

derniers as (
    select
        *,
        row_number() over (
            partition by exercice, matricule order by date_debut asc nulls last, _ligne asc nulls last
        ) as rang_debut,
        row_number() over (
            partition by exercice, matricule order by date_fin desc nulls first, date_debut desc nulls last, _ligne desc nulls last
        ) as rang_fin
    from contrats
    where rang = 1
),

mouvements as (
    select
        *,
        'arrivee' as sens,
        date_debut as date_mouvement,
        cast(null as string) as fin_dsn
    from derniers
    where
        rang_debut = 1
        and year(date_debut) = exercice
        and not exists (
            select 1 from derniers as avant
            where
                avant.matricule = derniers.matricule and avant.exercice = derniers.exercice - 1
                and coalesce(avant.date_fin >= derniers.date_debut - 1, true)
        )
    union all
    select
        *,
        'depart' as sens,
        date_fin as date_mouvement,
        code_motif_rupture as fin_dsn
    from derniers
    where
        rang_fin = 1
        and year(date_fin) = exercice
        and not exists (
            select 1 from derniers as suivants
            where
                suivants.matricule = derniers.matricule and suivants.exercice = derniers.exercice + 1
                and suivants.date_debut = derniers.date_fin + 1
        )
),

fins as (
    select distinct motifs.code_motif, morceaux.morceau as fin_dsn
    from {{ ref('int_rh__motifs') }} as motifs
    {{ morceaux('motifs.fins_dsn', ' ') }}
)

select
    mouvements.exercice,
    mouvements.matricule,
    mouvements.sens,
    mouvements.date_mouvement,
    coalesce(fins.code_motif, 'non_renseigne') as code_motif,
    mouvements.code_statut,
    1 as poids,
    'compté' as motif,
    mouvements._livraison,
    mouvements._fichier,
    mouvements._feuille,
    mouvements._ligne
from mouvements
left join fins on mouvements.fin_dsn = fins.fin_dsn
