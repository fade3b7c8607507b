-- What is printed again counts once: the first job holds its documents.
with travaux as (
    select
        travaux.*,
        coalesce(orthographes.code_collectivite, 'inconnue') as code_collectivite,
        {{ motif({
            'hors période': 'year(travaux.date_travail) <> travaux.exercice',
            'annulé': "travaux.statut = 'Annulé'",
            'reprise': 'travaux.reprise_de is not null',
        }) }} as motif_exclusion
    from {{ ref('stg_travaux_edition') }} as travaux
    left join {{ ref('int_communs__orthographes_collectivites') }} as orthographes
        on {{ normalise_libelle('travaux.collectivite') }} = orthographes.orthographe
)

select
    systeme,
    nom_table,
    exercice,
    reference_travail,
    date_travail,
    coalesce(nature, 'Impressions') as nature,
    code_collectivite,
    nb_documents,
    nb_pages,
    nb_feuilles,
    coalesce(est_mis_sous_pli, false) as est_mis_sous_pli,
    est_couleur,
    nb_plis,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne,
    _colonne
from travaux
