-- Members in office on the day of each meeting: those that a renewal installs sit that very day, those it replaces do not.
with membres as (
    select
        seances.exercice,
        seances.date_seance,
        count(distinct (mandats.nom_elu, mandats.prenom_elu)) as nb_en_exercice -- noqa: ST08, LT01, LT06
    from {{ source('lake', 'comite__seances') }} as seances
    inner join {{ ref('int_gouvernance__mandats') }} as mandats
        on seances.exercice = mandats.exercice
        and seances.date_seance >= mandats.date_debut
        and coalesce(seances.date_seance < mandats.date_fin, true)
    where mandats.poids = 1
    group by seances.exercice, seances.date_seance
),

seances as (
    select
        seances.exercice,
        seances.date_seance,
        seances.nature,
        seances.lieu,
        membres.nb_en_exercice,
        seances.nb_presents,
        seances.nb_pouvoirs,
        coalesce(seances.est_seconde_convocation, false) as est_seconde_convocation,
        seances.est_quorum_declare,
        quorums.diviseur,
        quorums.est_majorite_stricte,
        quorums.regle,
        quorums.texte,
        {{ motif({'hors période': 'year(seances.date_seance) <> seances.exercice'}) }} as motif_exclusion,
        seances._livraison,
        seances._fichier,
        seances._feuille,
        seances._ligne
    from {{ source('lake', 'comite__seances') }} as seances
    left join membres
        on seances.exercice = membres.exercice and seances.date_seance = membres.date_seance
    left join {{ source('reference', 'quorums') }} as quorums
        on seances.date_seance between quorums.date_debut and quorums.date_fin
),

rangs as (
    select
        *,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from seances
    window doublons as (
        partition by exercice, date_seance, motif_exclusion
        order by _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
)

select
    exercice,
    date_seance,
    nature,
    lieu,
    nb_en_exercice,
    nb_presents,
    nb_pouvoirs,
    est_seconde_convocation,
    -- CGCT, art. L. 2121-17: a second summons, three days later, requires no quorum; a proxy never counts
    case
        when est_seconde_convocation then 0
        when est_majorite_stricte then cast(floor(nb_en_exercice / diviseur) as bigint) + 1
        else cast(ceil(nb_en_exercice / diviseur) as bigint)
    end as quorum_requis,
    case when est_seconde_convocation then 'Sans condition, après une première convocation' else regle end as regle_quorum,
    texte as texte_quorum,
    est_quorum_declare,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
