-- The collectivité of a ticket is never its requester's: when the tool does not give it, it is the first level of its
-- entity below the root, whatever follows (« Syndicat > Orly > Écoles » is Orly's). A ticket left in the root has not
-- been dispatched.
with rattaches as (
    select
        tickets.*,
        case
            when tickets.collectivite is null and instr(coalesce(tickets.entite, ''), ' > ') = 0 then 'non_repartie'
            else coalesce(orthographes.code_collectivite, 'inconnue')
        end as code_collectivite,
        tickets.statut in ('Résolu', 'Clos') as est_resolu,
        {{ duree('minute', 'tickets.date_ouverture', 'tickets.date_resolution') }} as minutes_ecoulees,
        {{ minutes_ecrites('tickets.duree_attente') }} as minutes_attente,
        -- does this exercice's export show what became of the solutions? Without it a ticket reopened then resolved is unseen
        count(tickets.statuts_solutions) over (partition by tickets.exercice, tickets.systeme) > 0 as montre_les_solutions,
        case when year(tickets.date_ouverture) <> tickets.exercice then 'hors période' end as motif_exclusion
    from {{ ref('stg_tickets') }} as tickets
    left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes
        on {{ normalise_libelle("coalesce(tickets.collectivite, split_part(tickets.entite, ' > ', 2))") }} = orthographes.orthographe
),

-- A ticket delivered twice counts once.
rangs as (
    select
        *,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from rattaches
    window doublons as (
        partition by exercice, systeme, id, motif_exclusion
        order by _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
)

select
    systeme,
    nom_table,
    exercice,
    id as numero_ticket,
    code_collectivite,
    coalesce(categorie, 'Sans catégorie') as categorie,
    coalesce(lower(type), 'non précisé') as type_ticket,
    statut,
    coalesce(priorite, 'Non précisée') as priorite,
    date_ouverture,
    date_resolution,
    est_resolu,
    -- Reopened: the tool counts it, a solution was refused, or a ticket still open has the date of an earlier
    -- resolution. GLPI clears the dates of a ticket that is reopened, so neither shows when its status was changed by
    -- hand: then it cannot be detected.
    case
        when nb_reouvertures is not null then nb_reouvertures > 0
        when statuts_solutions like '%Refusée%' then true
        when not est_resolu and coalesce(date_resolution, date_cloture) is not null then true
        when montre_les_solutions then false
    end as est_rouvert,
    minutes_attente,
    -- from opening to the resolution in force, waiting left out when it is known; unknown when its dates contradict each other
    case
        when est_resolu and minutes_ecoulees >= coalesce(minutes_attente, 0)
            then minutes_ecoulees - coalesce(minutes_attente, 0)
    end as delai_minutes,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
