with sessions as (
    select
        sessions.exercice,
        sessions.reference_session,
        orthographes_applications.code_application,
        coalesce(orthographes_collectivites.code_collectivite, 'inconnue') as code_collectivite,
        sessions.date_debut,
        sessions.date_fin,
        sessions.duree_jours,
        sessions.nb_participants as nb_agents_formes,
        {{ motif_application('sessions.exercice', {
            'hors période': 'year(sessions.date_debut) <> sessions.exercice',
        }) }} as motif_exclusion,
        sessions._livraison,
        sessions._fichier,
        sessions._feuille,
        sessions._ligne
    from {{ source('lake', 'journal_formations__sessions') }} as sessions
    left join {{ ref('int_applications__orthographes') }} as orthographes_applications
        on {{ normalise_libelle('sessions.application') }} = orthographes_applications.orthographe
    left join {{ ref('int_applications__applications') }} as applications
        on orthographes_applications.code_application = applications.code_application
    left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes_collectivites
        on {{ normalise_libelle('sessions.collectivite') }} = orthographes_collectivites.orthographe
),

-- A session entered twice under one number counts once.
rangs as (
    select
        *,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from sessions
    window doublons as (
        partition by exercice, reference_session, motif_exclusion
        order by _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
)

select
    exercice,
    reference_session,
    code_application,
    code_collectivite,
    date_debut,
    date_fin,
    duree_jours,
    nb_agents_formes,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
