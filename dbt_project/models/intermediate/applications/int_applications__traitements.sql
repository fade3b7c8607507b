with traitements as (
    select
        traitements.exercice,
        traitements.reference_traitement,
        orthographes_applications.code_application,
        coalesce(orthographes_collectivites.code_collectivite, 'inconnue') as code_collectivite,
        traitements.date_traitement,
        traitements.scrutin,
        traitements.travail,
        traitements.nb_documents,
        traitements.duree_jours,
        {{ motif_application('traitements.exercice', {
            'hors période': 'year(traitements.date_traitement) <> traitements.exercice',
        }) }} as motif_exclusion,
        traitements._livraison,
        traitements._fichier,
        traitements._feuille,
        traitements._ligne
    from {{ source('lake', 'journal_elections__traitements') }} as traitements
    left join {{ ref('int_applications__orthographes') }} as orthographes_applications
        on {{ normalise_libelle('traitements.application') }} = orthographes_applications.orthographe
    left join {{ ref('int_applications__applications') }} as applications
        on orthographes_applications.code_application = applications.code_application
    left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes_collectivites
        on {{ normalise_libelle('traitements.collectivite') }} = orthographes_collectivites.orthographe
),

-- A piece of work entered twice under one reference counts once.
rangs as (
    select
        *,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from traitements
    window doublons as (
        partition by exercice, reference_traitement, motif_exclusion
        order by _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
)

select
    exercice,
    reference_traitement,
    code_application,
    code_collectivite,
    date_traitement,
    scrutin,
    travail,
    nb_documents,
    duree_jours,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
