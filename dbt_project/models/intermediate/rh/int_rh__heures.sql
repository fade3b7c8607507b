-- Every accepted line of paid hours, with its weight. For the months whose social declaration is accepted, that is the
-- source, and the HR system's hours are only compared with it. A regularisation goes to the month of the period that it
-- corrects. Neither source says whether a post is permanent: the list of agents does, that of the exercice or, for
-- somebody who has left since, that of the year before. In a year without a list nobody is missing from it: a
-- contractuel is one, no more is known.
with activites as (
    select
        *,
        {{ document_id('numero_declaration') }} as declaration_id
    from {{ source('lake', 'dsn__activites') }}
),

mois_dsn as (
    select distinct exercice, mois
    from {{ ref('int_rh__declarations_dsn') }}
    where poids = 1
),

exercices_dsn as (
    select distinct exercice from mois_dsn
),

contrats as (
    select declaration_id, matricule, numero_contrat, max(statut_agent) as statut_agent, bool_or(est_agent) as est_agent
    from {{ ref('int_rh__contrats_dsn') }}
    group by declaration_id, matricule, numero_contrat
),

agents as (
    select exercice, matricule, bool_or(est_emploi_permanent) as est_emploi_permanent, max(categorie) as categorie
    from {{ ref('int_rh__agents') }}
    group by exercice, matricule
),

listes as (
    select distinct exercice from agents
),

lignes as (
    select
        systemes.systeme,
        systemes.nom_table,
        systemes.exercice,
        systemes.matricule,
        systemes.mois,
        statuts.code as statut_agent,
        systemes.heures,
        {{ motif({
            'hors période': 'year(systemes.mois) <> systemes.exercice',
            'statut non reconnu': 'statuts.code is null',
        }) }} as motif_source,
        systemes._livraison,
        systemes._fichier,
        systemes._feuille,
        systemes._ligne,
        systemes._colonne
    from {{ ref('stg_heures_remunerees') }} as systemes
    {{ lecture('statut', 'systemes.statut', 'statuts') }}
    union all
    select
        'dsn' as systeme,
        'activites' as nom_table,
        -- the exercice of the period; that of the delivery for a line that belongs to none
        coalesce(exercices_dsn.exercice, activites.exercice) as exercice,
        activites.matricule,
        cast(date_trunc('month', activites.date_debut_periode) as date) as mois,
        contrats.statut_agent,
        -- a day is a fifth of the legal week of 35 hours; no other unit is a length of time
        case activites.code_unite when '10' then activites.mesure when '12' then activites.mesure * 7 end as heures,
        {{ motif({
            'déclaration écartée': 'declarations.poids = 0',
            'absence non rémunérée': "activites.code_type_activite <> '01'",
            'contrat absent de la déclaration': 'contrats.declaration_id is null',
            'mandat, stage ou volontariat': 'not contrats.est_agent',
            'statut non reconnu': 'contrats.statut_agent is null',
            'unité qui n’est pas une durée': "coalesce(activites.code_unite, '') not in ('10', '12')",
            'exercice sans déclarations': 'exercices_dsn.exercice is null',
        }) }} as motif_source,
        activites._livraison,
        activites._fichier,
        activites._feuille,
        activites._ligne,
        cast(null as string) as _colonne
    from activites
    inner join {{ ref('int_rh__declarations_dsn') }} as declarations
        on activites.declaration_id = declarations.declaration_id
    left join contrats
        on activites.declaration_id = contrats.declaration_id
        and activites.matricule = contrats.matricule
        and activites.numero_contrat = contrats.numero_contrat
    left join exercices_dsn on year(activites.date_debut_periode) = exercices_dsn.exercice
),

qualifies as (
    select
        lignes.*,
        coalesce(agents.categorie, precedents.categorie) as categorie,
        case
            when lignes.statut_agent in ('titulaire', 'stagiaire') then 'fonctionnaire'
            when coalesce(agents.est_emploi_permanent, precedents.est_emploi_permanent) then 'contractuel_permanent'
            when not coalesce(agents.est_emploi_permanent, precedents.est_emploi_permanent)
                then 'contractuel_non_permanent'
            when lignes.statut_agent is not null and listes.exercice is null then 'contractuel'
        end as code_statut,
        lignes.systeme <> 'dsn' and mois_dsn.mois is not null as est_remplacee
    from lignes
    left join agents on lignes.exercice = agents.exercice and lignes.matricule = agents.matricule
    left join agents as precedents
        on lignes.exercice = precedents.exercice + 1
        and lignes.matricule = precedents.matricule
    left join listes on lignes.exercice = listes.exercice
    left join mois_dsn on lignes.exercice = mois_dsn.exercice and lignes.mois = mois_dsn.mois
),

motives as (
    select
        *,
        {{ motif({
            'agent absent de l’état du personnel': 'motif_source is null and code_statut is null',
            'remplacée par les déclarations sociales': 'motif_source is null and est_remplacee',
        }) }} as motif_canon
    from qualifies
)

select
    systeme,
    nom_table,
    exercice,
    matricule,
    mois,
    case when motif_source is null then code_statut end as code_statut,
    categorie,
    heures,
    case when coalesce(motif_source, motif_canon) is null then 1 else 0 end as poids,
    coalesce(motif_source, motif_canon, 'compté') as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne,
    _colonne
from motives
