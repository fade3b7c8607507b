-- Every status uses a licence, closed accounts included, except what is deleted. A command may truncate long addresses:
-- two accounts whose addresses begin alike are distinguished by their creation time.
with comptes as (
    select
        comptes.*,
        coalesce(orthographes.code_collectivite, 'inconnue') as code_collectivite,
        row_number() over doublons as rang,
        {{ double_de('doublons', 'comptes') }} as double_de
    from {{ ref('stg_comptes_messagerie') }} as comptes
    left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes
        on {{ normalise_libelle('coalesce(comptes.collectivite, comptes.domaine)') }} = orthographes.orthographe
    window doublons as (
        partition by comptes.exercice, comptes.systeme, comptes.adresse, comptes.domaine, comptes.date_creation
        order by comptes._fichier nulls last, comptes._feuille nulls first, comptes._ligne nulls last
    )
),

motifs as (
    select
        *,
        {{ motif({
            'compte du serveur': 'est_systeme',
            'supprimé': "statut = 'Supprimé'",
            'hors période': 'year(date_creation) > exercice',
            'doublon': 'rang > 1',
        }) }} as motif_exclusion
    from comptes
)

select
    systeme,
    nom_table,
    exercice,
    domaine,
    code_collectivite,
    statut,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    case when motif_exclusion = 'doublon' then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from motifs
