-- Every declared contract, with its weight in the head count of 31 December: an agent counts once, by the contract with
-- the greatest working-time share in force on that day in the declaration of December. Elected members, trainees and volunteers
-- are not agents; a contract suspended without pay is not part of the « effectif rémunéré ».
with contrats as (
    select
        *,
        {{ document_id('numero_declaration') }} as declaration_id
    from {{ source('lake', 'dsn__contrats') }}
),

suspensions as (
    select distinct morceaux.morceau as code_motif_suspension
    from {{ ref('int_rh__motifs') }} as motifs
    {{ morceaux('motifs.suspensions_dsn', ' ') }}
),

qualifies as (
    select
        contrats.*,
        statuts.code as statut_agent,
        contrats.code_nature_contrat not in ('29', '80', '81', '89') as est_agent,
        {{ motif({
            'déclaration écartée': 'declarations.poids = 0',
            'mandat, stage ou volontariat': "contrats.code_nature_contrat in ('29', '80', '81', '89')",
            'statut non reconnu': 'statuts.code is null',
            'avant décembre': 'month(contrats.mois) <> 12',
            'contrat pas encore commencé': 'contrats.date_debut > make_date(contrats.exercice, 12, 31)',
            'contrat terminé': 'contrats.date_fin <= make_date(contrats.exercice, 12, 31)',
            'contrat suspendu sans rémunération':
                'suspensions.code_motif_suspension is not null'
                ~ ' and contrats.date_suspension <= make_date(contrats.exercice, 12, 31)'
                ~ ' and coalesce(contrats.date_fin_suspension >= make_date(contrats.exercice, 12, 31), true)',
        }) }} as motif_exclusion
    from contrats
    inner join {{ ref('int_rh__declarations_dsn') }} as declarations
        on contrats.declaration_id = declarations.declaration_id
    {{ lecture('statut', 'contrats.code_statut', 'statuts') }}
    left join suspensions on contrats.code_motif_suspension = suspensions.code_motif_suspension
),

rangs as (
    select
        *,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from qualifies
    window doublons as (
        partition by exercice, matricule, motif_exclusion
        order by quotite_contrat desc nulls last, date_debut asc nulls last, declaration_id asc nulls last, _ligne asc nulls last
    )
)

select
    declaration_id,
    exercice,
    mois,
    matricule,
    numero_contrat,
    tranche_age as tranche_age_ans,
    date_debut,
    date_fin,
    code_motif_rupture,
    statut_agent,
    est_agent,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'autre contrat du même agent' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
