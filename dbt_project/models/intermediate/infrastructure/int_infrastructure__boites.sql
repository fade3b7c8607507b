with boites as (
    select
        boites.*,
        coalesce(orthographes.code_collectivite, 'inconnue') as code_collectivite,
        -- a mailbox is on one server: if it is listed twice, a listing was delivered twice
        row_number() over doublons as rang,
        {{ double_de('doublons', 'boites') }} as double_de
    from {{ ref('stg_boites') }} as boites
    left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes
        on {{ normalise_libelle('coalesce(boites.collectivite, boites.domaine)') }} = orthographes.orthographe
    window doublons as (
        partition by boites.exercice, boites.systeme, boites.adresse, boites.domaine
        order by boites._fichier nulls last, boites._feuille nulls first, boites._ligne nulls last
    )
),

motifs as (
    select
        *,
        {{ motif({'compte du serveur': 'est_systeme', 'supprimé': "statut = 'Supprimé'", 'doublon': 'rang > 1'}) }} as motif_exclusion
    from boites
)

select
    systeme,
    nom_table,
    exercice,
    domaine,
    code_collectivite,
    -- 0 is how the server says unlimited
    nullif(plafond_octets, 0) as plafond_octets,
    volume_octets,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    case when motif_exclusion = 'doublon' then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from motifs
