with autorisations as (
    select
        autorisations.systeme,
        autorisations.nom_table,
        autorisations.exercice,
        autorisations.identifiant,
        coalesce(orthographes.code_collectivite, 'inconnue') as code_collectivite,
        autorisations.date_ajout,
        {{ motif({
            'hors période': 'autorisations.date_ajout > make_date(autorisations.exercice, 12, 31)',
            'désactivé': 'not autorisations.est_actif',
        }) }} as motif_exclusion,
        autorisations._livraison,
        autorisations._fichier,
        autorisations._feuille,
        autorisations._ligne
    from {{ ref('stg_acces_autorises') }} as autorisations
    left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes
        on {{ normalise_libelle('autorisations.collectivite') }} = orthographes.orthographe
),

-- A person listed twice is one agent.
rangs as (
    select
        *,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from autorisations
    window doublons as (
        partition by exercice, identifiant, motif_exclusion
        order by date_ajout nulls last, _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
)

select
    systeme,
    nom_table,
    exercice,
    identifiant,
    code_collectivite,
    date_ajout,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
