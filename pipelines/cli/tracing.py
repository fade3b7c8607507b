"""``trace``: from a printed figure to the lines of the files behind it, and from a line to the figures it reached."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

import click

from pipelines.catalogue.rules import where
from pipelines.cli.app import BLOCKED, DONE
from pipelines.cli.output import Column, format_option, printable, table, title, write_csv, write_json
from pipelines.cli.session import Session, global_options
from pipelines.evidence.trace import Leaf, Line, LineFate, Trace, trace_line
from pipelines.evidence.trace import trace as traced
from pipelines.french import number, quantity
from pipelines.near import did_you_mean

AGREGATS = {"nombre_distinct": "nombre", "mediane": "médiane"}  # the others are French words already
SHOWN_LINES = 15  # of each measure on the screen; csv and json have them all

LINES_CSV = [
    Column(name)
    for name in (
        "code",
        "exercice",
        "mesure",
        "export",
        "fichier",
        "sha256",
        "feuille",
        "ligne",
        "colonne",
        "compte",
        "motif",
        "apport",
        "relation",
        "livraison",
    )
]


@click.command(short_help="From a figure to the lines behind it, and back.")
@click.argument("code", required=False)
@click.argument("year", type=int, required=False)
@click.option("--file", "file", metavar="NAME", help="The other way: the name of a delivered file…")
@click.option("--line", "line", type=click.IntRange(min=1), help="… and a line of it (or a row of its sheet).")
@click.option("--sheet", "sheet", metavar="NAME", help="The sheet, when FILE has several.")
@format_option
@global_options
@click.pass_context
def trace(
    ctx: click.Context,
    code: str | None,
    year: int | None,
    file: str | None,
    line: int | None,
    sheet: str | None,
    form: str,
) -> None:
    """Everything behind the figure CODE of YEAR: value, formula, query, deliveries, and each line with what it counted.

    With --file and --line instead: the figures that the line reached, or why it reached none. Ends with 1 when the lines
    do not add up to the figure.
    """
    session: Session = ctx.obj
    if not session.home.warehouse.exists():
        raise click.UsageError(f"nothing is built yet: `{session.command} run YEAR`")
    if file and line and not code:
        ctx.exit(_trace_line(session, file, line, sheet, form))
    if not (code and year) or file or line or sheet:
        raise click.UsageError("give a figure's CODE and a YEAR, or --file NAME and --line N")
    ctx.exit(_trace_figure(session, code, session.exercice(year), form))


def _trace_figure(session: Session, code: str, year: int, form: str) -> int:
    with session.ledger() as ledger:
        try:
            found = traced(session.home, ledger, session.catalogue, code, year)
        except KeyError:
            raise click.UsageError(
                f"no figure {code!r} in {year}{did_you_mean(code, session.catalogue.figures.by_code)}"
            ) from None
    if form == "csv":
        write_csv(LINES_CSV, _line_rows(found), session.organisation)
    elif form == "json":
        write_json(_as_json(found), session.organisation)
    else:
        title(f"{code} {year}", session.organisation)
        _show(found)
    return DONE if all(leaf.agrees for leaf in found.feuilles) else BLOCKED


def _printed(found: Trace) -> str:
    row = found.chiffre
    return quantity(row["valeur"], row["decimales"], row["unite"], row["code_manquant"])


def _show(found: Trace) -> None:
    row = found.chiffre
    click.echo(f"\n{row['libelle']}")
    click.echo(f"  affiché   {_printed(found)}")
    click.echo(f"  exact     {row['valeur'] if row['valeur'] is not None else 'absent'} ({row['statut']})")
    if row.get("etat") == "partiel":
        click.echo(
            "  état      partiel : il manque des lignes, des mois ou des documents à ses sources (millesime status)"
        )
    click.echo(f"  formule   {row['formule']}")
    click.echo("  modèle    rapport.chiffres (dbt_project/models/rapport/chiffres.sql)")
    if found.expression:
        click.echo(f"  calcul    {found.expression}")
    for name, line in (("absence", found.absence), ("reprise", found.reprise)):
        if line:
            click.echo(f"  {name}   {_place(line)} — {line.motif}")
    for leaf in found.feuilles:
        _show_leaf(leaf)
    click.echo("\nLivraisons")
    for source in found.sources:
        click.echo(f"  {source.export} {source.exercice}, reçue le {source.recue_le}, {source.verdict}")
        for name, sha256 in source.fichiers:
            click.echo(printable(f"    {sha256}  {name}"))


def _show_leaf(leaf: Leaf) -> None:
    click.echo(f"\n{leaf.code} — {leaf.libelle}")
    click.echo(f"  {leaf.sql}")
    counted = [line for line in leaf.lignes if line.compte]
    aside = [line for line in leaf.lignes if not line.compte]
    places = max((_places(line.apport) for line in leaf.lignes), default=0)
    rows = [
        {
            "ou": _place(line),
            "apport": _plain(line.apport, places),
            "motif": line.motif,
        }
        for line in [*counted[:SHOWN_LINES], *aside[:SHOWN_LINES]]
    ]
    table([Column("ou", "Ligne"), Column("apport", "Apport", right=True), Column("motif", "Motif")], rows)
    hidden = len(leaf.lignes) - len(rows)
    if hidden:
        click.echo(f"  … et {hidden} autres lignes : --format csv les donne toutes")
    verdict = "égal à la valeur exacte" if leaf.agrees else f"≠ {leaf.valeur} !"
    how = AGREGATS.get(leaf.agregat, leaf.agregat)
    click.echo(
        f"  lignes comptées : {len(counted)} ; écartées : {len(aside)} ; {how} {_plain(leaf.recalcul)}, {verdict}"
    )


def _place(line: Line) -> str:
    """Where a line stands; of a cell among several of it, under which heading."""
    column = f", colonne « {line.colonne} »" if line.colonne else ""
    return f"{where(line.fichier, line.feuille)}:{line.ligne}{column}"


def _places(value: Decimal | None) -> int:
    """How many decimals a number has, superfluous zeros left out."""
    return max(0, -value.normalize().as_tuple().exponent) if value else 0


def _plain(value: Decimal | None, places: int = 0) -> str:
    """A number with the decimals that it has, ``places`` at least; ``?`` for an unknown one."""
    return "?" if value is None else number(value, max(places, _places(value)))


def _line_rows(found: Trace) -> list[dict[str, Any]]:
    sources = {source.livraison: source for source in found.sources}
    lines = [(found.code, line) for line in (found.absence, found.reprise) if line]
    lines += [(leaf.code, line) for leaf in found.feuilles for line in leaf.lignes]
    return [
        {
            **asdict(line),
            "code": found.code,
            "exercice": found.exercice,
            "mesure": measure,
            "export": sources[line.livraison].export,
            "sha256": dict(sources[line.livraison].fichiers)[line.fichier.partition("/")[0]],
        }
        for measure, line in lines
    ]


def _as_json(found: Trace) -> dict[str, Any]:
    leaves = [{**asdict(leaf), "recalcul": leaf.recalcul, "est_egale": leaf.agrees} for leaf in found.feuilles]
    return {**asdict(found), "imprime": _printed(found), "feuilles": leaves}


def _trace_line(session: Session, file: str, line: int, sheet: str | None, form: str) -> int:
    with session.ledger() as ledger:
        fates = trace_line(session.home, ledger, session.catalogue, file, line, sheet)
    if not fates:
        raise click.UsageError(f"no delivery holds a file named {file!r}")
    if form == "json":
        write_json({"fichier": file, "ligne": line, "livraisons": [asdict(f) for f in fates]}, session.organisation)
    elif form == "csv":
        columns = [Column(n) for n in ("livraison", "export", "exercice", "etat", "raison", "code", "apport", "par")]
        write_csv(columns, [row for fate in fates for row in _fate_rows(fate)], session.organisation)
    else:
        title(f"{where(file, sheet)}:{line}", session.organisation)
        for fate in fates:
            _show_fate(fate)
    return DONE


def _fate_rows(fate: LineFate) -> list[dict[str, Any]]:
    same = {name: getattr(fate, name) for name in ("livraison", "export", "exercice", "etat", "raison")}
    return [{**same, **asdict(one)} for one in fate.chiffres] or [same]


def _show_fate(fate: LineFate) -> None:
    current = "livraison courante" if fate.est_courante else "livraison remplacée depuis"
    click.echo(f"\n{fate.export} {fate.exercice} ({current}, {fate.livraison[:12]}) : ligne {fate.etat}")
    if fate.raison:
        click.echo(printable(f"  {fate.raison}"))
    for motive in fate.motifs:
        click.echo(printable(f"  comptée pour rien : {motive}"))
    rows = [
        {
            "code": one.code,
            "exercice": one.exercice,
            "apport": f"par {one.par}" if one.apport is None else _plain(one.apport),
        }
        for one in fate.chiffres
    ]
    table([Column("code", "Chiffre"), Column("exercice", "Exercice"), Column("apport", "Apport")], rows)
