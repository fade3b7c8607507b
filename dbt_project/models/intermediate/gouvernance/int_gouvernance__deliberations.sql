with seances as (
    select distinct exercice, date_seance
    from {{ ref('int_gouvernance__seances') }}
    where poids = 1
),

deliberations as (
    select
        deliberations.exercice,
        deliberations.reference_deliberation,
        deliberations.date_deliberation,
        deliberations.code_matiere,
        deliberations.libelle_matiere,
        deliberations.objet,
        deliberations.nb_votants,
        deliberations.nb_pour,
        deliberations.nb_contre,
        deliberations.nb_abstentions,
        {{ motif({'sans séance': 'seances.date_seance is null'}) }} as motif_exclusion,
        deliberations._livraison,
        deliberations._fichier,
        deliberations._feuille,
        deliberations._ligne
    from {{ source('lake', 'comite__deliberations') }} as deliberations
    left join seances
        on deliberations.exercice = seances.exercice and deliberations.date_deliberation = seances.date_seance
),

rangs as (
    select
        *,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from deliberations
    window doublons as (
        partition by exercice, reference_deliberation, motif_exclusion
        order by _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
)

select
    exercice,
    reference_deliberation,
    date_deliberation,
    code_matiere,
    libelle_matiere,
    objet,
    nb_votants,
    nb_pour,
    nb_contre,
    nb_abstentions,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
