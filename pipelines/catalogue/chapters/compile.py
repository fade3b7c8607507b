"""The SQL model behind the page of a member: its declared indicators, each with its value of the year before, the mean of
the members and, per inhabitant, what all of them have together.

An indicator of a system that the organisation does not use has no row. One that was expected but did not come has a row
without a value, marked ``m``; one whose tables came whole and have nothing for the member is 0. ``est_diffusable`` is
true of one whose table is published outside as it is: the public profile leaves the others out.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from pipelines import french
from pipelines.catalogue.chapters.grammar import IndicateurMembre, Synthese
from pipelines.catalogue.figures import measure
from pipelines.sql import called, indented, literal, select, united, where

MODEL = "rpt_collectivites__synthese"


def summary_model(
    summary: Synthese | None,
    sources: Mapping[str, Sequence[str]],
    free: Collection[str],
    needed: Mapping[str, Sequence[Sequence[str]]],
) -> str:
    """The SQL of the model; ``sources``: the tables behind each table of ``rapport``; ``free``: those without secrecy.

    ``needed``: the fields that its rows need of these tables, each with its alternatives.
    """
    if not summary or not summary.indicateurs:
        return _NOTHING
    said, measured, states = [], [], []
    for rank, one in enumerate(summary.indicateurs, 1):
        said.append(
            select(
                [
                    f"{rank} as rang",
                    f"{literal(one.libelle)} as libelle_indicateur",
                    f"{literal(one.unite)} as unite",
                    f"{one.decimales} as decimales",
                    f"{one.habitants or 'null'} as habitants",
                    f"{literal(_per_inhabitant(one))} as libelle_rapporte",
                    f"{literal(one.table in free)} as est_diffusable",
                    f"{literal(one.verse)} as est_verse",
                ]
            )
        )
        measured.append(_measured(rank, one))
        needs = [group for name in one.relations for group in needed.get(name, ())]
        states.append(_state(rank, sources.get(one.table, ()), needs))
    return _SQL.format(indicateurs=united(said), mesures=united(measured), etats=united(states))


def _per_inhabitant(one: IndicateurMembre) -> str:
    divisor = (
        "par habitant" if one.habitants == 1 else f"pour {french.number(Decimal(one.habitants or 0), 0)} habitants"
    )
    return f"{one.libelle}, {divisor}" if one.habitants else ""


def _measured(rank: int, one: IndicateurMembre) -> str:
    table = f"from {{{{ ref('{one.table}') }}}} as lignes"
    member, joins = "lignes", []
    for listed, name in one.concerne.items():
        member = "membres"
        within = f"position(', ' || membres.{name} || ', ' in ', ' || lignes.{listed} || ', ') > 0"
        joins = ["inner join {{ ref('dim_collectivite') }} as membres", f"    on {within}"]
    column = f"lignes.{one.colonne}"
    total = f"case when count(*) = count({column}) then sum({column}) end" if one.colonne else "count(*)"
    return select(
        ["lignes.exercice", f"{member}.code_collectivite", f"{rank} as rang", f"{total} as valeur"],
        table,
        *joins,
        where(measure.conditions(one.filtres, "lignes.{}".format)),
        f"group by lignes.exercice, {member}.code_collectivite",
    )


def _state(rank: int, sources: Sequence[str], needed: Sequence[Sequence[str]]) -> str:
    if not sources:  # rows that no export gives
        all_there = ["exercice", f"{rank} as rang", "true as est_recu", "true as est_entier"]
        return select(all_there, "from {{ ref('dim_exercice') }}")
    lacking = [  # the tables and exercices that give none of the fields of a group
        select(
            ["source", "exercice"],
            "from {{ source('collecte', 'champs_absents') }}",
            where([called("champ in ", [*map(literal, group)])]),
            "group by source, exercice",
            f"having count(*) = {len(group)}",
        )
        for group in needed
    ]
    given = "".join(f" and count(manque_{n}.source) = 0" for n in range(len(lacking)))
    joins = [
        f"left join (\n{indented([one])}\n) as manque_{n}\n"
        f"    on collecte.source = manque_{n}.source and collecte.exercice = manque_{n}.exercice"
        for n, one in enumerate(lacking)
    ]
    return select(
        [
            "collecte.exercice",
            f"{rank} as rang",
            f"bool_and(collecte.est_acceptee or collecte.nature_morceau <> 'livraison'){given} as est_recu",
            "bool_and(collecte.effet = 'rien') as est_entier",
        ],
        "from {{ ref('fct_collecte') }} as collecte",
        *joins,
        where([called("collecte.source in ", [*map(literal, sources)]), "collecte.statut_collecte <> 'non suivie'"]),
        "group by collecte.exercice",
    )


_SQL = """\
with indicateurs as (
{indicateurs}
),

mesures as (
{mesures}
),

etats as (
{etats}
),

valeurs as (
    select
        etats.exercice,
        collectivites.code_collectivite,
        collectivites.libelle_collectivite,
        indicateurs.rang,
        indicateurs.libelle_indicateur,
        indicateurs.unite,
        indicateurs.decimales,
        cast(indicateurs.habitants as integer) as habitants,
        indicateurs.libelle_rapporte,
        collectivites.nb_habitants,
        indicateurs.est_diffusable,
        indicateurs.est_verse,
        case
            when mesures.rang is not null then mesures.valeur
            when etats.est_recu and etats.est_entier then 0
        end as valeur,
        mesures.rang is not null or etats.est_recu as est_recu,
        etats.est_recu and etats.est_entier as est_entier
    from etats
    inner join indicateurs on etats.rang = indicateurs.rang
    cross join {{{{ ref('dim_collectivite') }}}} as collectivites
    left join mesures
        on etats.exercice = mesures.exercice
        and etats.rang = mesures.rang
        and collectivites.code_collectivite = mesures.code_collectivite
    where
        collectivites.siren is not null  -- what could not be given back to a member has none
        and collectivites.code_collectivite <> 'syndicat'  -- another syndicate may be a member
),

moyennes as (
    select
        exercice,
        rang,
        case when count(*) = count(valeur) then {{{{ ratio('sum(valeur)', 'count(*)', 6) }}}} end as moyenne_membres,
        case when bool_and(est_entier and valeur is not null) then sum(valeur) end as valeur_membres,
        case when count(*) = count(nb_habitants) then sum(nb_habitants) end as nb_habitants
    from valeurs
    group by exercice, rang
),

rapportes as (
    select
        valeurs.exercice,
        valeurs.code_collectivite,
        valeurs.rang,
        {{{{ ratio('100 * valeurs.valeur', 'moyennes.valeur_membres', 1) }}}} as part_pct,
        {{{{ ratio('valeurs.valeur * valeurs.habitants', 'valeurs.nb_habitants', 6) }}}} as valeur_rapportee,
        {{{{ ratio('moyennes.valeur_membres * valeurs.habitants', 'moyennes.nb_habitants', 6) }}}} as ensemble_rapporte
    from valeurs
    inner join moyennes on valeurs.exercice = moyennes.exercice and valeurs.rang = moyennes.rang
    where valeurs.habitants is not null and valeurs.est_entier
)

select
    cast(valeurs.exercice as integer) as exercice,
    cast(valeurs.code_collectivite as string) as code_collectivite,
    cast(valeurs.libelle_collectivite as string) as libelle_collectivite,
    cast(valeurs.rang as integer) as rang,
    cast(valeurs.libelle_indicateur as string) as libelle_indicateur,
    cast(valeurs.unite as string) as unite,
    cast(valeurs.decimales as integer) as decimales,
    cast({{{{ arrondi_selon('valeurs.valeur', 'valeurs.decimales') }}}} as decimal(20, 6)) as valeur,
    cast(
        case when valeurs.valeur is null then case when valeurs.est_recu then '?' else 'm' end end as string
    ) as code_manquant,
    cast(
        case when valeurs.valeur is null then 'manquant' when valeurs.est_entier then 'complet' else 'partiel' end as string
    ) as etat,
    cast({{{{ arrondi_selon('precedentes.valeur', 'valeurs.decimales') }}}} as decimal(20, 6)) as valeur_precedente,
    cast(
        case
            when valeurs.est_entier
                then {{{{ ratio('100 * (valeurs.valeur - precedentes.valeur)', 'precedentes.valeur', 1) }}}}
        end as decimal(20, 6)
    ) as variation_pct,
    cast({{{{ arrondi_selon('moyennes.moyenne_membres', 'valeurs.decimales') }}}} as decimal(20, 6)) as moyenne_membres,
    cast(nullif(valeurs.libelle_rapporte, '') as string) as libelle_rapporte,
    cast(rapportes.part_pct as decimal(20, 6)) as part_pct,
    cast({{{{ arrondi_selon('rapportes.valeur_rapportee', 'valeurs.decimales') }}}} as decimal(20, 6)) as valeur_rapportee,
    cast({{{{ arrondi_selon('rapportes.ensemble_rapporte', 'valeurs.decimales') }}}} as decimal(20, 6)) as ensemble_rapporte,
    cast(
        {{{{ ratio('100 * (rapportes.valeur_rapportee - rapportes.ensemble_rapporte)', 'rapportes.ensemble_rapporte', 1) }}}}
        as decimal(20, 6)
    ) as ecart_ensemble_pct,
    cast(valeurs.est_diffusable as boolean) as est_diffusable,
    cast(valeurs.est_verse as boolean) as est_verse,
    {{{{ role_ligne() }}}}
from valeurs
inner join moyennes on valeurs.exercice = moyennes.exercice and valeurs.rang = moyennes.rang
left join valeurs as precedentes
    on valeurs.code_collectivite = precedentes.code_collectivite
    and valeurs.rang = precedentes.rang
    and valeurs.exercice = precedentes.exercice + 1
    and precedentes.est_entier
left join rapportes
    on valeurs.exercice = rapportes.exercice
    and valeurs.code_collectivite = rapportes.code_collectivite
    and valeurs.rang = rapportes.rang
"""

_NOTHING = """\
select
    cast(null as integer) as exercice,
    cast(null as string) as code_collectivite,
    cast(null as string) as libelle_collectivite,
    cast(null as integer) as rang,
    cast(null as string) as libelle_indicateur,
    cast(null as string) as unite,
    cast(null as integer) as decimales,
    cast(null as decimal(20, 6)) as valeur,
    cast(null as string) as code_manquant,
    cast(null as string) as etat,
    cast(null as decimal(20, 6)) as valeur_precedente,
    cast(null as decimal(20, 6)) as variation_pct,
    cast(null as decimal(20, 6)) as moyenne_membres,
    cast(null as string) as libelle_rapporte,
    cast(null as decimal(20, 6)) as part_pct,
    cast(null as decimal(20, 6)) as valeur_rapportee,
    cast(null as decimal(20, 6)) as ensemble_rapporte,
    cast(null as decimal(20, 6)) as ecart_ensemble_pct,
    cast(null as boolean) as est_diffusable,
    cast(null as boolean) as est_verse,
    {{ role_ligne() }}
where false
"""
