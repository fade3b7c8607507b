-- What did not come, or does not count: deliveries that can no longer be read, months without a line, members and files
-- without lines, lines of another exercice, lines set aside.
with couverts as (
    -- a month that an alternative fills for every figure is not missing; one that is missing from a single figure is
    select source, exercice, piece
    from {{ ref('chiffres__pieces') }}
    where nature = 'mois'
    group by source, exercice, piece
    having bool_and(est_couverte)
),

mois_absents as (
    select
        mois.source,
        mois.exercice,
        {{ texte_joint("cast(cast(substring(mois.piece, 6, 2) as integer) as string)", 'mois.piece') }} as mois,
        {{ texte_joint('mois.piece', 'mois.piece', '|') }} as piece,
        cast(null as string) as axes,
        'manque' as effet
    from {{ ref('int_communs__collecte') }} as mois
    inner join {{ ref('int_communs__collecte') }} as livraisons
        on mois.source = livraisons.source and mois.exercice = livraisons.exercice
        and livraisons.nature = 'livraison' and livraisons.est_acceptee
    left join couverts on mois.source = couverts.source and mois.exercice = couverts.exercice and mois.piece = couverts.piece
    where mois.nature = 'mois' and mois.est_attendue and not mois.est_acceptee and couverts.piece is null
    group by mois.source, mois.exercice
    union all
    -- of a table that declares no period, and has lines in most of the other months
    select
        source,
        exercice,
        {{ texte_joint('cast(mois as string)', 'mois') }} as mois,
        cast(null as string) as piece,
        '|' || {{ texte_joint("'mois=' || cast(mois as string)", 'mois', '|') }} || '|' as axes,
        'réserve' as effet
    from {{ source('collecte', 'mois_muets') }}
    group by source, exercice
),

-- the organisation and its members: its own agents and accounts are in the lines too
membres as (
    select
        'COL-COLLECTIVITE' as regle, 'code_collectivite' as axe, code_collectivite as code, libelle_collectivite as libelle,
        cast(null as integer) as exercice_debut, cast(null as integer) as exercice_fin
    from {{ ref('int_communs__collectivites') }}
    where code_collectivite not in ('inconnue', 'non_repartie')
    union all
    select
        'COL-APPLICATION' as regle, 'code_application' as axe, code_application as code, libelle_application as libelle,
        exercice_debut, exercice_fin
    from {{ source('organisation', 'applications') }}
),

-- where a model says which member its lines belong to, it prevails over the field
nommees as (
    select source, exercice, code_collectivite, _fichier, _feuille, _ligne
    from {{ ref('int_communs__membres') }}
    where code_collectivite is not null
    union all
    select source, exercice, code_collectivite, _fichier, _feuille, _ligne
    from {{ ref('int_communs__membres_nommes') }}
    where
        source not in (
            select source from {{ ref('int_communs__membres') }}
            where code_collectivite is not null
        )
),

inconnues as (
    select
        *,
        {{ rangs_des_lignes() }}
    from nommees
    where code_collectivite = 'inconnue'
),

presences as (
    {% for axe in ['code_collectivite', 'code_application'] %}
        select source, exercice, '{{ axe }}' as axe, {{ axe }} as code, count(*) as nb_lignes
        from {{ ref('int_communs__membres') }}
        where {{ axe }} is not null
        group by source, exercice, {{ axe }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- the exercice that another is compared with: the one before or, for a source's first, the one after; lines that name
-- nobody are lines too
voisins as (
    select
        source,
        exercice,
        case
            when lag(exercice) over annees = exercice - 1 then exercice - 1
            when lead(exercice) over annees = exercice + 1 then exercice + 1
        end as voisin
    from (select distinct source, exercice from {{ ref('int_communs__membres') }}) as sources
    window annees as (partition by source order by exercice nulls last)
),

-- the member's figures from a source, all declared absent
declares as (
    select pieces.code, pieces.source, pieces.exercice, absences.code_chiffre is not null as est_declaree
    from {{ ref('chiffres__pieces') }} as pieces
    left join {{ ref('fct_absences_declarees') }} as absences
        on pieces.code = absences.code_chiffre and pieces.exercice = absences.exercice
),

absents as (
    select
        voisins.source, voisins.exercice, voisins.voisin, membres.regle, membres.axe, membres.code, membres.libelle, ailleurs.nb_lignes
    from voisins
    inner join presences as ailleurs on voisins.source = ailleurs.source and voisins.voisin = ailleurs.exercice
    inner join membres on ailleurs.axe = membres.axe and ailleurs.code = membres.code
    left join presences as ici
        on voisins.source = ici.source and ailleurs.axe = ici.axe and voisins.exercice = ici.exercice and ailleurs.code = ici.code
    where
        ici.source is null
        and voisins.exercice between coalesce(membres.exercice_debut, voisins.exercice) and coalesce(membres.exercice_fin, voisins.exercice)
        and not coalesce((
            select bool_and(declares.est_declaree) from declares
            where
                declares.source = voisins.source and declares.exercice = voisins.exercice
                and position('.' || ailleurs.code || '.' in declares.code) > 0
        ), false)
),

hors_exercice as (
    select
        *,
        {{ rangs_des_lignes() }}
    from {{ ref('int_communs__hors_exercice') }}
    where annee_comptee is null
)

select {{ constat('COL-ANCIEN', ou="systeme || '/' || nom_table", sujet="systeme || '/' || nom_table", effet='manque') }}
from {{ source('collecte', 'pieces') }}
where nature = 'livraison' and est_recue and not est_acceptee
union all
select {{ constat('COL-MOIS', ou='source', sujet='source', periode='mois', effet='effet', piece='piece', axes='axes') }}
from mois_absents
union all
select
    {{ constat(
        'COL-TROU', ou='trous.source', exercice='trous.exercice', periode='trous.mois',
        sujet="coalesce(membres.libelle, case when trous.est_fichier then '' else trous.serie || ' ' end || trous.membre) || ', ' || trous.source",
        attendu='trous.nb_attendues',
        fichier='case when trous.est_fichier then trous.membre end',
        cle="concat_ws(' ', trous.source, cast(trous.exercice as string), trous.serie, trous.membre, trous.mois)",
        effet='manque', nb_perdues='trous.nb_attendues',
        axes="'|mois=' || replace(trous.mois, ', ', '|mois=') || '|'"
            ~ " || case when trous.est_fichier then '' else 'code_' || trous.serie || '=' || trous.membre || '|' end",
        valeurs={'nb_mois': 'trous.nb_mois'}
    ) }}
from {{ ref('int_communs__trous') }} as trous
left join membres on trous.serie = 'collectivite' and membres.axe = 'code_collectivite' and trous.membre = membres.code
union all
-- they count, but in no figure of a member
select
    {{ constat(
        'COL-INCONNUE', ou='source', sujet='source', recu='nb_lignes', effet='manque', fichier='_fichier', feuille='_feuille', ligne='_ligne',
        axes="'|code_collectivite=|'", nb_perdues='nb_lignes', valeurs={'numeros': 'somme_numeros'}
    ) }}
from inconnues
where rang = 1
union all
select
    {{ constat(
        'regle', ou='source', sujet="libelle || ', ' || source", attendu='nb_lignes', effet='réserve', cle='code',
        axes="'|' || axe || '=' || code || '|'", valeurs={'voisin': 'voisin'}
    ) }}
from absents
union all
select
    {{ constat(
        'COL-EXERCICE', ou='source', sujet='source', recu='nb_lignes', effet='réserve', nb_perdues='nb_lignes',
        fichier='_fichier', feuille='_feuille', ligne='_ligne', valeurs={'annee': 'annee', 'numeros': 'somme_numeros'}
    ) }}
from hors_exercice
where rang = 1
union all
select
    {{ constat(
        "case when motif = 'doublon' then 'LIG-DOUBLE' else 'LIG-ECARTEE' end", ou='source', sujet="motif || ', ' || source",
        severite="case when effet = 'rien' then 'information' else 'alerte' end", recu='nb_lignes', effet='effet', valeurs={'numeros': 'somme_numeros'},
        nb_perdues="case when effet <> 'rien' then nb_perdues end", montant_perdu="case when effet <> 'rien' then montant_eur end",
        fichier='fichier', feuille='feuille', ligne='ligne', cle='motif'
    ) }}
from {{ ref('fct_lignes_signalees') }}
where effet <> 'rien' or motif = 'doublon'
