-- Every accepted line of the lists of agents, in the words of the canon. An agent whose words are not known is left out
-- of the count, never guessed; a cadre d'emplois that her tool does not give loses nothing, except what depends on it.
-- Filière and category are those of the reference on 31 December: the system's are only compared.
with reunis as (
    select
        systeme,
        nom_table,
        exercice,
        matricule,
        sexe as sexe_saisi,
        tranche_age as tranche_age_ans,
        statut as statut_saisi,
        cadre_emplois as cadre_emplois_saisi,
        filiere as filiere_saisie,
        categorie as categorie_saisie,
        est_emploi_permanent,
        type_contrat as contrat_saisi,
        service,
        est_temps_complet,
        quotite_pct,
        date_entree,
        motif_entree as motif_entree_saisi,
        date_nomination_stagiaire,
        date_sortie,
        motif_sortie as motif_sortie_saisi,
        _livraison,
        _fichier,
        _feuille,
        _ligne
    from {{ ref('stg_agents') }}
),

lus as (
    select
        agents.*,
        make_date(agents.exercice, 12, 31) as date_situation,
        statuts.code as statut_agent,
        case
            when statuts.code in ('titulaire', 'stagiaire') then 'fonctionnaire'
            when statuts.code = 'contractuel' and agents.est_emploi_permanent then 'contractuel_permanent'
            when statuts.code = 'contractuel' then 'contractuel_non_permanent'
        end as code_statut,
        sexes.code as sexe,
        contrats.code as contrat,
        cadres.code_cadre_emplois,
        cadres.code_filiere,
        cadres.categorie,
        filieres.code as code_filiere_lue,
        categories.code as categorie_lue,
        agents.cadre_emplois_saisi is null and absents.champ is not null as est_cadre_non_fourni
    from reunis as agents
    {{ lecture('statut', 'agents.statut_saisi', 'statuts') }}
    {{ lecture('sexe', 'agents.sexe_saisi', 'sexes') }}
    {{ lecture('contrat', 'agents.contrat_saisi', 'contrats') }}
    {{ lecture('filiere', 'agents.filiere_saisie', 'filieres') }}
    {{ lecture('categorie', 'agents.categorie_saisie', 'categories') }}
    {{ lecture('cadre_emplois', 'agents.cadre_emplois_saisi', 'cadres_lus') }}
    left join {{ ref('int_rh__cadres_emplois') }} as cadres
        on cadres_lus.code = cadres.code_cadre_emplois
        and agents.exercice between cadres.exercice_debut and cadres.exercice_fin
    left join {{ source('collecte', 'champs_absents') }} as absents
        on agents.systeme || '/' || agents.nom_table = absents.source
        and agents.exercice = absents.exercice
        and absents.champ = 'cadre_emplois'
),

qualifies as (
    select
        *,
        {{ motif({
            'statut non reconnu': 'code_statut is null',
            'sexe non reconnu': 'sexe is null',
            'contrat non reconnu': 'contrat_saisi is not null and contrat is null',
            'cadre d’emplois non reconnu': est_permanent() ~ ' and code_cadre_emplois is null and not est_cadre_non_fourni',
            'entrée postérieure à l’exercice': 'date_entree > date_situation',
            'sortie antérieure à l’exercice': 'date_sortie < make_date(exercice, 1, 1)',
        }) }} as motif_exclusion
    from lus
),

-- An agent counts once, by the line that says where she is on 31 December.
rangs as (
    select
        *,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from qualifies
    window doublons as (
        partition by exercice, matricule, motif_exclusion
        order by
            date_sortie desc nulls first, date_entree desc nulls last,
            systeme asc nulls last, _fichier asc nulls last, _feuille asc nulls first, _ligne asc nulls last
    )
)

select
    systeme,
    nom_table,
    exercice,
    matricule,
    sexe,
    tranche_age_ans,
    statut_agent,
    code_statut,
    coalesce(contrat = 'CDI' and code_statut <> 'fonctionnaire', false) as est_cdi,
    est_emploi_permanent,
    code_cadre_emplois,
    code_filiere,
    categorie,
    service,
    cadre_emplois_saisi is not null and code_cadre_emplois is null as est_cadre_inconnu,
    filiere_saisie is not null and coalesce(code_filiere_lue <> code_filiere, true) and code_filiere is not null
        as est_filiere_differente,
    categorie_saisie is not null and coalesce(categorie_lue <> categorie, true) and categorie is not null
        as est_categorie_differente,
    est_temps_complet,
    -- full time or part time is a choice of agents whose post is full time
    case when est_temps_complet then quotite_pct = 100 end as est_temps_plein,
    date_entree,
    motif_entree_saisi,
    date_nomination_stagiaire,
    date_sortie,
    motif_sortie_saisi,
    -- an agent whose last day is 31 December has left, in the lists and in the declarations
    date_sortie is null or date_sortie > date_situation as est_present,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
