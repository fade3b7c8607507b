with fiches as (
    select
        'responsable' as registre,
        exercice,
        reference_fiche,
        intitule,
        date_creation,
        date_mise_a_jour,
        a_donnees_sensibles,
        a_transfert_hors_ue,
        a_aipd,
        _livraison,
        _fichier,
        _feuille,
        _ligne
    from {{ source('lake', 'rgpd__traitements_responsable') }}
    union all
    -- article 30-2 requires of a processor neither the categories of data nor an impact assessment
    select
        'sous_traitant' as registre,
        exercice,
        reference_fiche,
        intitule,
        date_creation,
        date_mise_a_jour,
        cast(null as boolean) as a_donnees_sensibles,
        a_transfert_hors_ue,
        cast(null as boolean) as a_aipd,
        _livraison,
        _fichier,
        _feuille,
        _ligne
    from {{ source('lake', 'rgpd__traitements_sous_traitant') }}
),

rangs as (
    select
        *,
        {{ motif({'hors période': 'year(date_creation) > exercice'}) }} as motif_exclusion,
        row_number() over doublons as rang,
        {{ double_de('doublons') }} as double_de
    from fiches
    window doublons as (
        partition by registre, exercice, reference_fiche
        order by _fichier nulls last, _feuille nulls first, _ligne nulls last
    )
)

select
    registre,
    exercice,
    reference_fiche,
    intitule,
    date_creation,
    date_mise_a_jour,
    a_donnees_sensibles,
    a_transfert_hors_ue,
    a_aipd,
    case when motif_exclusion is null and rang = 1 then 1 else 0 end as poids,
    coalesce(motif_exclusion, case when rang = 1 then 'compté' else 'doublon' end) as motif,
    case when motif_exclusion is null then double_de end as double_de,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from rangs
