"""What models say of their lines, and of the pieces that a source consists of, in their own dbt entries: the only list of them.

Line-grain models (``config: {meta: {lignes: …}}``) keep every accepted line with its weight (``poids``) and its reason
(``motif``). Which facts the lines make, which lines are reported to readers and how their reasons are read is declared there:
``trace`` and the mart ``fct_lignes_signalees`` follow from it.

The engine knows each table's delivery, and the months of a table that declares a period. Anything else that must come piece by
piece (the budget documents of a year) only a model can read (``config: {meta: {pieces: …}}``): it gives one row per piece, with
``PIECE_COLUMNS``, and the figures that rest on the source are missing what its rows say is not there.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field as PydanticField

from pipelines.catalogue.source_grammar import Declared, Name, Table
from pipelines.catalogue.templates import filled
from pipelines.sql import called, indented, literal, nothing, select, union, united, where

SQL = Path(__file__).parent / "templates"
NAMED_MEMBERS = "int_communs__membres_nommes"
PART = "concat_ws(', ', _fichier, _feuille)"  # the file and the sheet that a line is in


class Feed(Declared):
    """Says how the lines of a model make a fact.

    ``colonnes`` gives, in SQL over a line, the value of the fact's column for it; a column that is not named is the
    line's own. ``comptees`` narrows the lines as the fact does, in addition to ``poids = 1``. ``additives``: even a
    greatest value is the sum of what its lines count for.
    """

    colonnes: dict[Name, str] = PydanticField(default_factory=dict)
    comptees: str = "true"
    additives: bool = False


Effect = Literal["rien", "réserve", "manque"]
USUAL: dict[str, Effect] = {"doublon": "rien"}


class Flags(Declared):
    """Which lines are reported to readers: those that do not count, except for the reasons ``sauf`` (another line
    speaks for them).

    ``motifs``: what lines that do not count for a reason take away from the figures of their table; ``autres``: for any
    other reason. ``non_placees``: the reasons of lines that count, but not everywhere, each with its condition; a control
    says what they take away. ``par_collectivite``: a line that counts is reported when its collectivité is unknown.
    ``montant``: in SQL over a line, the amount that the figures may be missing because of it.
    """

    motifs: dict[str, Effect] = PydanticField(default_factory=dict)
    autres: Effect = "réserve"
    sauf: list[str] = PydanticField(default_factory=list)
    non_placees: dict[str, str] = PydanticField(default_factory=dict)
    par_collectivite: bool = False
    montant: str | None = None


class Series(Declared):
    """SQL expressions over a line: its month (1 to 12), and the member it belongs to.

    Anyone who has lines month after month is expected in each month of the table. Without ``membre``, the file and
    sheet of a line serve as its member. ``une_par_mois``: the table has one line per month of each, so that a single
    missing one counts.
    """

    mois: str
    membre: str | None = None
    une_par_mois: bool = False


class ModelLines(Declared):
    """``source`` is the table that a line comes from (``system/table``), in SQL over the line.

    ``jointes``: the condition of the lines whose files go to the members with the report, as they were received.
    ``completees``: the rules that supply what a line's file does not say, each in French with the SQL condition of the
    lines that it completed; the formulas of the figures mention them.
    """

    source: str
    completees: dict[str, str] = PydanticField(default_factory=dict)
    faits: dict[Name, Feed] = PydanticField(default_factory=dict)
    signalees: Flags | Literal[False]
    jointes: str | None = None
    series: dict[Name, Series] = PydanticField(default_factory=dict)  # each by the word for what its lines are about


@dataclass(frozen=True)
class LineSource:
    """A model whose lines make a fact."""

    model: str
    feed: Feed
    completed: dict[str, str]  # see ``ModelLines.completees``
    table: str  # the ``system/table`` of a line, in SQL over it

    def column(self, name: str) -> str:
        """The fact's column ``name``, in SQL over a line."""
        return self.feed.colonnes.get(name, name)


def line_sources(declared: dict[str, ModelLines]) -> dict[str, list[LineSource]]:
    """Fact → the models whose lines make it."""
    sources: dict[str, list[LineSource]] = {}
    for model, lines in declared.items():
        for fact, feed in lines.faits.items():
            sources.setdefault(fact, []).append(LineSource(model, feed, lines.completees, lines.source))
    return sources


def flagged_lines_sql(declared: dict[str, ModelLines]) -> str:
    """The text of ``fct_lignes_signalees``: the lines reported to readers, by source, exercice and reason."""
    selects: list[str] = []
    for model, lines in declared.items():
        if lines.signalees is not False:
            selects += _flagged(model, lines.source, lines.signalees)
    return filled(SQL / "lignes_signalees.sql.j2", lignes=united(selects))


def series_sql(declared: dict[str, ModelLines], tables: Iterable[tuple[str, Table]] = ()) -> str:
    """The text of ``int_communs__series``: how many lines each member of each series has in each month.

    ``tables`` are those of the lake that are read from several files or sheets each, by system: each part is a member,
    unless a model declares series for them.
    """
    said = {lines.source for lines in declared.values() if lines.series}
    selects = [
        _monthly(lines.source, f"ref('{model}')", "where poids = 1", name, series)
        for model, lines in declared.items()
        for name, series in lines.series.items()
    ]
    selects += [
        _monthly(
            literal(f"{system}/{table.name}"),
            f"source('lake', '{system}__{table.name}')",
            "",
            "partie",
            Series(mois=f"month({column})", une_par_mois=bool(table.period)),
        )
        for system, table in tables
        if (column := table.dated_by) and literal(f"{system}/{table.name}") not in said
    ]
    return filled(SQL / "series.sql.j2", lignes=united(selects or [nothing(_SERIES_COLUMNS)]))


def members_sql(declared: dict[str, ModelLines]) -> str:
    """The text of ``int_communs__membres``: the lines that count, of every line-grain model, with the members they are about."""
    selects = [
        f"{{{{ membres_des_lignes(ref('{model}'), {json.dumps(lines.source)}) }}}}" for model, lines in declared.items()
    ]
    return union(selects, [*_MEMBER_COLUMNS, ("code_application", "string")])


def named_members_sql(tables: Iterable[tuple[str, Table]]) -> str:
    """The text of ``NAMED_MEMBERS``: the member of each line, from the fields that name one, in tables without a shape.

    ``tables`` are those of the lake, by system. An empty cell names nobody, and is not a line here.
    """
    selects = [
        filled(
            SQL / "membres_nommes.sql.j2",
            source=literal(f"{system}/{table.name}"),
            rows=f"{system}__{table.name}",
            field=field.name,
        )
        for system, table in tables
        if not table.shapes
        for field in table.kept_fields
        if field.member
    ]
    return union(selects, _MEMBER_COLUMNS)


def outside_sql(tables: Iterable[tuple[str, Table]]) -> str:
    """The text of ``int_communs__hors_exercice``: the lines of the lake that are dated in another exercice than theirs.

    ``tables``, by system, prove their exercice by a column. ``annee_comptee`` is the year in which a line counts, where
    its table says that its exports overlap and that year's has a line of the same key, which counts there.
    """
    selects = []
    for system, table in tables:
        rule = table.exercice
        if rule is None:
            continue
        lines, kind = f"{{{{ source('lake', '{system}__{table.name}') }}}}", table.field(rule.column).type
        year = f"lignes.{rule.column}" if kind in ("year", "integer") else f"year(lignes.{rule.column})"
        there = f"select distinct {', '.join(('exercice', *table.primaryKey))} from {lines} as lignes where {year} = exercice"
        beside = [f"lignes.{key} = ailleurs.{key}" for key in table.primaryKey]
        selects.append(
            select(
                [
                    f"{literal(f'{system}/{table.name}')} as source",
                    "lignes.exercice",
                    f"cast({year} as integer) as annee",
                    f"{'ailleurs.exercice' if rule.overlaps else 'cast(null as integer)'} as annee_comptee",
                    *(f"lignes.{name}" for name in ("_fichier", "_feuille", "_ligne")),
                ],
                f"from {lines} as lignes",
                f"left join ({there}) as ailleurs\n"
                f"{indented(['on ' + year + ' = ailleurs.exercice', *beside], between=chr(10) + 'and ')}"
                if rule.overlaps
                else "",
                where([f"{year} {'>' if rule.rule == 'not_after' else '<>'} lignes.exercice"]),
            )
        )
    return union(selects, _OUTSIDE_COLUMNS)


def _flagged(model: str, source: str, flags: Flags) -> list[str]:
    others = [called("motif not in ", [*map(literal, flags.sauf)])] if flags.sauf else []
    effects = USUAL | flags.motifs
    said = [
        f"when {called('motif in ', [literal(motive) for motive, its in effects.items() if its == effect])} then '{effect}'"
        for effect in dict.fromkeys(effects.values())
    ]
    said.append(f"else '{flags.autres}'")
    effect = f"case\n{indented(said, between=chr(10))}\nend"
    rows = [("motif", "false", effect, ["poids = 0", *others])]
    rows += [
        (f"{literal(motive)} as motif", "false", "'rien'", ["poids = 1", f"({condition})"])
        for motive, condition in flags.non_placees.items()
    ]
    if flags.par_collectivite:  # a spelling to add to the organisation
        unknown = ["poids = 1", "code_collectivite = 'inconnue'"]
        rows.append((f"{literal('collectivité inconnue')} as motif", "true", "'rien'", unknown))
    amount = f"abs({flags.montant})" if flags.montant else "null"
    return [
        select(
            [
                f"{source} as source",
                "exercice",
                motive,
                f"{counts} as est_comptee",
                f"{effect} as effet",
                f"cast({amount} as decimal(20, 2)) as montant_eur",
                *("_fichier", "_feuille", "_ligne"),
            ],
            f"from {{{{ ref('{model}') }}}}",
            where(tests),
        )
        for motive, counts, effect, tests in rows
    ]


def _monthly(source: str, rows: str, counted: str, name: str, series: Series) -> str:
    """The month and the member of each line of ``rows`` in a series; ``counted``: the clause that leaves some lines out."""
    return select(
        [
            f"{source} as source",
            "exercice",
            f"{literal(name)} as serie",
            f"{series.membre or PART} as membre",
            f"{literal(not series.membre)} as est_fichier",
            f"{literal(series.une_par_mois)} as est_une_par_mois",
            f"{series.mois} as mois",
        ],
        f"from {{{{ {rows} }}}}",
        counted,
    )


_MEMBER_COLUMNS = [
    *(("source", "string"), ("exercice", "integer"), ("_fichier", "string"), ("_feuille", "string")),
    *(("_ligne", "bigint"), ("code_collectivite", "string")),
]
_OUTSIDE_COLUMNS = [
    *(("source", "string"), ("exercice", "integer"), ("annee", "integer"), ("annee_comptee", "integer")),
    *(("_fichier", "string"), ("_feuille", "string"), ("_ligne", "bigint")),
]
_SERIES_COLUMNS = [
    *(("source", "string"), ("exercice", "integer"), ("serie", "string"), ("membre", "string")),
    *(("est_fichier", "boolean"), ("est_une_par_mois", "boolean"), ("mois", "integer")),
]
PIECE_COLUMNS = (
    *("source", "exercice", "nature", "piece", "est_attendue", "est_recue", "est_acceptee", "livraison"),
    *("nb_lues", "nb_acceptees", "nb_refusees", "nb_ignorees", "motif"),
)


class ModelPieces(Declared):
    """``axes``: columns of the model by which a figure's filter distinguishes its pieces.

    A piece whose cell is empty passes any filter on that axis, but no figure with such a filter can use it: nothing says what
    it is.
    """

    axes: list[Name] = PydanticField(default_factory=list)


def pieces_sql(declared: dict[str, ModelPieces]) -> str:
    """The text of ``int_communs__collecte``: every piece, from the ledger and from models.

    ``axes`` reads ``|type_budget=annexe|``: the columns that identify a piece, and their values.
    """
    selects = []
    for model, said in declared.items():
        values = [f"'{name}=' || coalesce(cast({name} as string), '') || '|'" for name in said.axes]
        axes = "\n|| ".join(["'|'", *values])
        selects.append(
            select([*PIECE_COLUMNS, "true as est_suivie", f"{axes} as axes"], f"from {{{{ ref('{model}') }}}}")
        )
    rows = [indented([one]) for one in selects]
    return filled(SQL / "collecte.sql.j2", lignes=rows)
