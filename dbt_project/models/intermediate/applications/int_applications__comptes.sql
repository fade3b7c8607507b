-- An application's accounts come from the system with its code.
with comptes as (
    select
        comptes.exercice,
        comptes.systeme as code_application,
        coalesce(orthographes.code_collectivite, 'inconnue') as code_collectivite,
        comptes.identifiant,
        comptes.profil,
        comptes.est_actif,
        comptes.date_creation,
        comptes.date_derniere_connexion,
        {{ motif_application('comptes.exercice', {
            'hors période': 'comptes.date_creation > make_date(comptes.exercice, 12, 31)',
            'désactivé': 'comptes.est_actif is not true',
        }) }} as motif_exclusion,
        comptes._livraison,
        comptes._fichier,
        comptes._feuille,
        comptes._ligne
    from {{ ref('stg_comptes') }} as comptes
    left join {{ ref('int_applications__applications') }} as applications
        on comptes.systeme = applications.code_application
    left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes
        on {{ normalise_libelle('comptes.collectivite') }} = orthographes.orthographe
),

-- A person with several open accounts in an application is one user: the oldest account counts.
rangs as (
    select
        *,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from comptes
    window doublons as (
        partition by exercice, code_application, identifiant, motif_exclusion
        order by date_creation nulls last, _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
)

select
    exercice,
    code_application,
    code_collectivite,
    identifiant,
    profil,
    est_actif,
    date_creation,
    date_derniere_connexion,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
