-- « Toutes » means every member; a name that is not a member's (a partner) stays as it was written. The syndicate is
-- not one of its own members.
with membres as (
    select code_collectivite, libelle_collectivite
    from {{ source('organisation', 'collectivites') }}
    where siren not in (select siren from {{ source('organisation', 'profil') }})
),

tous as (
    select
        {{ texte_joint('libelle_collectivite', 'libelle_collectivite') }} as collectivites,
        count(*) as nb_collectivites
    from membres
),

noms as (
    select
        projets._livraison,
        projets._fichier,
        projets._feuille,
        projets._ligne,
        trim(morceaux.morceau) as nom,
        morceaux.place
    from {{ source('lake', 'projets__projets') }} as projets
    {{ morceaux('projets.collectivites', ';') }}
),

concernees as (
    select
        noms._livraison,
        noms._fichier,
        noms._feuille,
        noms._ligne,
        {{ texte_joint('coalesce(membres.libelle_collectivite, noms.nom)', 'noms.place') }} as collectivites,
        count(membres.code_collectivite) as nb_collectivites
    from noms
    left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes_collectivites
        on {{ normalise_libelle('noms.nom') }} = orthographes_collectivites.orthographe
    left join membres
        on orthographes_collectivites.code_collectivite = membres.code_collectivite
    where noms.nom <> ''
    group by noms._livraison, noms._fichier, noms._feuille, noms._ligne
),

projets as (
    select
        projets.exercice,
        projets.reference_projet,
        {{ normalise_libelle('projets.pole') }} as code_pole,
        projets.pole as libelle_pole,
        projets.ordre,
        projets.titre,
        projets.description,
        projets.axe,
        {{ normalise_libelle('projets.collectivites') }} = 'toutes' as est_pour_toutes,
        concernees.collectivites,
        concernees.nb_collectivites,
        projets.date_debut,
        projets.date_fin,
        projets.etat,
        projets.date_fin_prevue,
        projets.cout_eur,
        {{ motif({'hors période': 'year(projets.date_debut) > projets.exercice'}) }} as motif_exclusion,
        row_number() over doublons as rang,
        {{ double_de('doublons', 'projets') }} as double_de,
        projets._livraison,
        projets._fichier,
        projets._feuille,
        projets._ligne
    from {{ source('lake', 'projets__projets') }} as projets
    left join concernees
        on projets._livraison = concernees._livraison
        and projets._fichier = concernees._fichier
        and coalesce(projets._feuille, '') = coalesce(concernees._feuille, '')
        and projets._ligne = concernees._ligne
    window doublons as (
        partition by projets.exercice, projets.reference_projet
        order by projets._fichier nulls last, projets._feuille nulls first, projets._ligne nulls last
    )
)

select
    projets.exercice,
    projets.reference_projet,
    projets.code_pole,
    projets.libelle_pole,
    projets.ordre,
    projets.titre,
    projets.description,
    projets.axe,
    case when projets.est_pour_toutes then tous.collectivites else projets.collectivites end as collectivites,
    case when projets.est_pour_toutes then tous.nb_collectivites else projets.nb_collectivites end as nb_collectivites,
    projets.date_debut,
    projets.date_fin,
    projets.etat,
    projets.date_fin_prevue,
    projets.cout_eur,
    case when projets.motif_exclusion is null and projets.rang = 1 then 1 else 0 end as poids,
    coalesce(projets.motif_exclusion, case when projets.rang = 1 then 'compté' else 'doublon' end) as motif,
    case when projets.motif_exclusion is null then projets.double_de end as double_de,
    projets._livraison,
    projets._fichier,
    projets._feuille,
    projets._ligne
from projets
cross join tous
