-- What two sources say of the same thing, side by side; the report's own reconciliations are in rpt_rh__rapprochements.
with agents as (
    select
        *,
        case when code_statut = 'fonctionnaire' then 'Fonctionnaires' else 'Contractuels' end as perimetre
    from {{ ref('int_rh__agents') }}
    where poids = 1 and est_present
),

contrats as (
    select
        exercice,
        case when statut_agent = 'contractuel' then 'Contractuels' else 'Fonctionnaires' end as perimetre,
        sum(poids) as nb_agents
    from {{ ref('int_rh__contrats_dsn') }}
    -- the head count of 31 December is declared in December: until then there is nothing to compare
    where
        exercice in (
            select exercice from {{ ref('int_rh__declarations_dsn') }}
            where poids = 1 and month(mois) = 12
        )
    group by exercice, perimetre
),

effectifs as (
    select exercice, perimetre, count(*) as nb_agents
    from agents
    group by exercice, perimetre
),

heures as (
    select
        exercice,
        sum(heures) filter (where systeme = 'dsn' and poids = 1) as heures_declarees,
        sum(heures) filter (where motif = 'remplacée par les déclarations sociales') as heures_du_systeme
    from {{ ref('int_rh__heures') }}
    group by exercice
),

paies as (
    select
        exercice,
        left(siret, 9) as siren,
        case when count(*) = count(montant_brut_eur) then sum(montant_brut_eur) end as declare_eur
    from {{ ref('int_rh__declarations_dsn') }}
    where poids = 1
    group by exercice, siren
),

comptes as (
    select exercice, left(siret, 9) as siren, sum(realise_eur) as realise_eur
    from {{ ref('fct_lignes_documents') }}
    where est_compte_administratif and sens_budgetaire = 'dépense' and compte like '641%'
    group by exercice, siren
),

-- what is unknown for a year can be neither compared with its list of agents nor looked up in it
listes as (
    select distinct exercice from {{ ref('int_rh__agents') }}
),

ecartees as (
    select exercice, motif
    from {{ ref('int_rh__agents') }}
    where poids = 0
    union all
    -- counted all the same: the cadre d'emplois of an agent without a permanent post is not printed
    select exercice, 'cadre d’emplois non reconnu' as motif
    from {{ ref('int_rh__agents') }}
    where poids = 1 and est_cadre_inconnu
    union all
    select exercice, 'motif de mouvement non reconnu' as motif
    from {{ ref('int_rh__mouvements') }}
    where poids = 1 and est_motif_inconnu
    union all
    select exercice, motif
    from {{ ref('int_rh__heures') }}
    where
        motif in (
            'hors période', 'statut non reconnu', 'agent absent de l’état du personnel', 'contrat absent de la déclaration',
            'unité qui n’est pas une durée', 'exercice sans déclarations'
        )
    union all
    select exercice, motif
    from {{ ref('int_rh__declarations_dsn') }}
    where motif = 'déclaration d’un autre employeur'
),

controles as (
    select
        'RH-DSN-EFFECTIF' as code_controle,
        contrats.exercice,
        contrats.perimetre,
        contrats.nb_agents as valeur,
        coalesce(effectifs.nb_agents, 0) as valeur_attendue
    from contrats
    left join effectifs on contrats.exercice = effectifs.exercice and contrats.perimetre = effectifs.perimetre
    where contrats.exercice in (select exercice from listes)
    union all
    select
        'RH-DSN-HEURES' as code_controle,
        exercice,
        'Heures rémunérées' as perimetre,
        heures_declarees as valeur,
        heures_du_systeme as valeur_attendue
    from heures
    where heures_declarees is not null and heures_du_systeme is not null
    union all
    select
        'RH-DSN-AUCUNE' as code_controle,
        exercice,
        'Déclarations sociales' as perimetre,
        0 as valeur,
        count(*) as valeur_attendue
    from {{ ref('int_rh__declarations_dsn') }}
    group by exercice
    having sum(poids) = 0
    union all
    select
        'RH-DSN-PAIE' as code_controle,
        paies.exercice,
        'Rémunérations brutes et comptes 641, en euros' as perimetre,
        paies.declare_eur as valeur,
        comptes.realise_eur as valeur_attendue
    from paies
    inner join comptes on paies.exercice = comptes.exercice and paies.siren = comptes.siren
    where paies.declare_eur is not null
    union all
    select
        'RH-REFERENTIEL' as code_controle,
        exercice,
        'Catégorie' as perimetre,
        count(*) filter (where est_categorie_differente) as valeur,
        0 as valeur_attendue
    from agents
    group by exercice
    union all
    select
        'RH-REFERENTIEL' as code_controle,
        exercice,
        'Filière' as perimetre,
        count(*) filter (where est_filiere_differente) as valeur,
        0 as valeur_attendue
    from agents
    group by exercice
    union all
    select
        'RH-LIGNES' as code_controle,
        exercice,
        motif as perimetre,
        count(*) as valeur,
        0 as valeur_attendue
    from ecartees
    group by exercice, motif
)

select
    cast(code_controle as string) as code_controle,
    cast(exercice as integer) as exercice,
    cast(perimetre as string) as perimetre,
    cast(valeur as decimal(20, 6)) as valeur,
    cast(valeur_attendue as decimal(20, 6)) as valeur_attendue
from controles
