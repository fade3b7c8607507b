-- Arrivals, departures and contractuels appointed stagiaires in the year, one line per movement. An agent who was there
-- on the previous 31 December did not arrive: a renewal, a new contract, a promotion at most give her a new date. Nor
-- did one whose contract ended on that very day and was renewed the day after. The stock is never derived from these
-- flows.
with agents as (
    select * from {{ ref('int_rh__agents') }}
),

-- on that 31 December: present, or on the last day of a contract
presents as (
    select exercice, matricule, code_statut, est_present, date_sortie
    from agents
    where poids = 1 and (est_present or date_sortie = make_date(exercice, 12, 31))
),

mouvements as (
    select
        *,
        'arrivee' as sens,
        date_entree as date_mouvement,
        motif_entree_saisi as motif_saisi,
        -- appointed stagiaire since: she arrived as a contractuel
        case when date_nomination_stagiaire > date_entree then 'contractuel_permanent' else code_statut end
            as code_statut_mouvement
    from agents
    where year(date_entree) = exercice
    union all
    select
        *,
        'depart' as sens,
        date_sortie as date_mouvement,
        motif_sortie_saisi as motif_saisi,
        code_statut as code_statut_mouvement
    from agents
    where year(date_sortie) = exercice
    union all
    select
        *,
        'changement_statut' as sens,
        date_nomination_stagiaire as date_mouvement,
        'Contractuels nommés stagiaires' as motif_saisi,
        'contractuel_permanent' as code_statut_mouvement
    from agents
    where year(date_nomination_stagiaire) = exercice
),

qualifies as (
    select
        mouvements.*,
        -- the statut that she leaves, when the list of the year before says it
        case
            when mouvements.sens = 'changement_statut' and presents.code_statut <> 'fonctionnaire'
                then presents.code_statut
            else mouvements.code_statut_mouvement
        end as code_statut_quitte,
        motifs.code as code_motif_lu,
        {{ motif({
            'agent écarté': 'mouvements.poids = 0',
            'agent déjà présent au 31 décembre précédent':
                "mouvements.sens = 'arrivee' and presents.est_present",
            'contrat renouvelé':
                "mouvements.sens = 'arrivee' and mouvements.date_entree = presents.date_sortie + 1"
                ~ ' and mouvements.code_statut = presents.code_statut',
            'recrutement direct comme stagiaire':
                "mouvements.sens = 'changement_statut' and mouvements.date_mouvement <= mouvements.date_entree",
        }) }} as motif_exclusion
    from mouvements
    left join presents
        on mouvements.matricule = presents.matricule
        and mouvements.exercice = presents.exercice + 1
    left join {{ ref('int_rh__orthographes') }} as motifs
        on mouvements.sens = motifs.nomenclature
        and {{ orthographe('mouvements.motif_saisi') }} = motifs.orthographe
)

select
    systeme,
    nom_table,
    exercice,
    matricule,
    sens,
    date_mouvement,
    coalesce(code_motif_lu, 'non_renseigne') as code_motif,
    motif_saisi is not null and code_motif_lu is null as est_motif_inconnu,
    code_statut_quitte as code_statut,
    coalesce({{ est_permanent('code_statut_quitte') }}, false) as est_permanent,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from qualifies
