with mandats as (
    select
        mandats.exercice,
        mandats.nom_elu,
        mandats.prenom_elu,
        case
            when mandats.fonction in ('Présidente', 'Président') then 'presidence'
            when mandats.fonction in ('Vice-présidente', 'Vice-président') then 'vice_presidence'
            else 'membre'
        end as code_fonction,
        mandats.fonction as libelle_fonction,
        mandats.rang_vice_presidence,
        coalesce(orthographes_collectivites.code_collectivite, 'inconnue') as code_collectivite,
        mandats.qualite,
        mandats.date_debut_mandat as date_debut,
        mandats.date_fin_mandat as date_fin,
        {{ motif({
            'hors période': 'year(mandats.date_debut_mandat) > mandats.exercice',
            'mandat terminé': 'mandats.date_fin_mandat <= make_date(mandats.exercice, 1, 1)',
        }) }} as motif_exclusion,
        mandats._livraison,
        mandats._fichier,
        mandats._feuille,
        mandats._ligne
    from {{ source('lake', 'comite__membres') }} as mandats
    left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes_collectivites
        on {{ normalise_libelle('mandats.collectivite') }} = orthographes_collectivites.orthographe
),

rangs as (
    select
        *,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from mandats
    window doublons as (
        partition by exercice, nom_elu, prenom_elu, date_debut, motif_exclusion
        order by _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
)

select
    exercice,
    nom_elu,
    prenom_elu,
    code_fonction,
    libelle_fonction,
    rang_vice_presidence,
    code_collectivite,
    qualite,
    date_debut,
    date_fin,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
