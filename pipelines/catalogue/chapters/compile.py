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
from pipelines.catalogue.dbt.lines import SQL
from pipelines.catalogue.figures import measure
from pipelines.catalogue.templates import filled
from pipelines.sql import called, indented, literal, nothing, select, united, where

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
        return nothing(_COLUMNS) + "\n"
    said, measured, states = [], [], []
    for rank, one in enumerate(summary.indicateurs, 1):
        several = f"pour {french.number(Decimal(one.habitants or 0), 0)} habitants"
        divisor = "par habitant" if one.habitants == 1 else several
        said.append(
            select(
                [
                    f"{rank} as rang",
                    f"{literal(one.libelle)} as libelle_indicateur",
                    f"{literal(one.unite)} as unite",
                    f"{one.decimales} as decimales",
                    f"{one.habitants or 'null'} as habitants",
                    f"{literal(f'{one.libelle}, {divisor}' if one.habitants else '')} as libelle_rapporte",
                    f"{literal(one.table in free)} as est_diffusable",
                    f"{literal(one.verse)} as est_verse",
                ]
            )
        )
        measured.append(_measured(rank, one))
        needs = [group for name in one.relations for group in needed.get(name, ())]
        states.append(_state(rank, sources.get(one.table, ()), needs))
    return filled(
        SQL / "collectivites.sql.j2", indicateurs=united(said), mesures=united(measured), etats=united(states)
    )


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


_COLUMNS = [
    *(
        ("exercice", "integer"),
        ("code_collectivite", "string"),
        ("libelle_collectivite", "string"),
        ("rang", "integer"),
    ),
    *(("libelle_indicateur", "string"), ("unite", "string"), ("decimales", "integer"), ("valeur", "decimal(20, 6)")),
    *(("code_manquant", "string"), ("etat", "string"), ("valeur_precedente", "decimal(20, 6)")),
    *(("variation_pct", "decimal(20, 6)"), ("moyenne_membres", "decimal(20, 6)"), ("libelle_rapporte", "string")),
    *(("part_pct", "decimal(20, 6)"), ("valeur_rapportee", "decimal(20, 6)"), ("ensemble_rapporte", "decimal(20, 6)")),
    *(("ecart_ensemble_pct", "decimal(20, 6)"), ("est_diffusable", "boolean"), ("est_verse", "boolean")),
    ("role_ligne", "string"),
]
