"""``trace``: from a printed figure, or a row of a table, to the lines of the files behind it, and from a line to what it feeds."""

import re
import shlex
from collections.abc import Iterable
from dataclasses import asdict, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import click

from pipelines import settings
from pipelines.address import FIGURES, Address, figure, written
from pipelines.catalogue.rules import where
from pipelines.cli.app import BLOCKED, DONE
from pipelines.cli.arguments import complete_columns, complete_numbers, complete_releases
from pipelines.cli.output import ShownColumn, echo, format_option, note, table, title, write_csv, write_json
from pipelines.cli.session import Session, on_home
from pipelines.did_you_mean import suggestion
from pipelines.evidence.fate_of_line import LineFate, RowReached, trace_line
from pipelines.evidence.trace import Leaf, Line, Source, Trace
from pipelines.evidence.trace import trace as traced
from pipelines.evidence.trace_row import Behind, Cell, RowTrace, trace_row
from pipelines.evidence.traced_rows import NotTraceable, Version, frozen_version, open_rows, published_version
from pipelines.french import NO_BREAK, UNITS, exact, how_many, moment, quantity
from pipelines.publication import RESTREINT

AGREGATS = {"nombre_distinct": "nombre", "mediane": "médiane"}  # the others are French words already
SHOWN_LINES = 15  # of each measure on the screen; csv and json have them all

LINES_CSV = """
    code exercice mesure export fichier sha256 feuille ligne colonne compte motif double_de complement apport relation
    livraison
""".split()
ROW_LINES_CSV = """
    table cle exercice relation export fichier sha256 feuille ligne colonne compte motif double_de complement mesure apport
    livraison
""".split()
FATES_CSV = "livraison export exercice statut feuille enregistrement etat raison code apport par table cle".split()


@click.command()
@click.argument("code", metavar="[CHIFFRE|TABLE]", required=False, shell_complete=complete_numbers)
@click.argument("words", metavar="[COLONNE=VALEUR]... [EXERCICE]", nargs=-1, shell_complete=complete_columns)
@click.option("--release", metavar="VERSION", shell_complete=complete_releases, help="Une version figée (2020-v1).")
@click.option("--file", "file", metavar="NOM", help="Dans l’autre sens : le nom d’un fichier livré…")
@click.option("--line", "line", metavar="N", type=click.IntRange(min=1), help="… et une de ses lignes.")
@click.option("--sheet", "sheet", metavar="NOM", help="La feuille, quand le fichier en a plusieurs.")
@format_option
@on_home
def trace(
    session: Session,
    code: str | None,
    words: tuple[str, ...],
    release: str | None,
    file: str | None,
    line: int | None,
    sheet: str | None,
    form: str,
) -> None:
    """Le détail d’un nombre imprimé : valeur, calcul, requête, livraisons, et chaque ligne avec son apport.

    Un chiffre se nomme par son CODE ; une case de tableau, par la TABLE de rapport et la clé de sa ligne
    (« rpt_finances__contributions code_collectivite=orly 2020 ») ; des lignes qu’une même clé nomme sont additionnées.
    Lire ce qui est publié ou, avec --release, les lignes que la version figée a gardées. Avec --file et --line : les
    chiffres et les lignes de tableaux où entre la ligne, ou pourquoi elle n’entre dans aucun. Code de sortie 1 quand
    les lignes ne redonnent pas le nombre.
    """
    years, filters = [one for one in words if "=" not in one], [one for one in words if "=" in one]
    year = _year(years[0]) if years else None
    is_asked = bool(code and (year or release) and len(years) < 2)
    if not (file and line and not code) and (not is_asked or file or line or sheet):
        raise click.UsageError("donner un CODE ou une TABLE, puis un EXERCICE, ou --file NOM et --line N")
    version = _version(session, release)
    if version.note:
        note(version.note)
    try:
        if file and line:
            return _trace_line(session, version, file, line, sheet, form)
        if version.exercice and year not in (None, version.exercice):
            raise click.UsageError(f"la {version.name} est de l’exercice {version.exercice}")
        asked = _address(str(code), filters, version.exercice or session.exercice(int(year or 0)))
        if asked.table == FIGURES and len(asked.key) == 1:
            return show_trace(session, _traced(session, version, asked.key[0][1], asked.exercice), form)
        return _trace_row(session, version, asked, form)
    except NotTraceable as error:
        raise click.UsageError(str(error)) from None


def _year(word: str) -> int:
    if not word.isdecimal():
        raise click.UsageError(f"« {word} » n’est ni un exercice ni COLONNE=VALEUR")
    return int(word)


def _address(name: str, filters: list[str], exercice: int) -> Address:
    """What is asked for: a figure by its code, which has a point, or a row of a table."""
    name = name.replace("\u200b", "").removeprefix("rapport.")  # the PDF may break a line there
    if "." in name and not filters:
        return figure(name, exercice)
    key = [(column.replace("\u200b", ""), value) for column, _, value in (one.partition("=") for one in filters)]
    return Address(name, tuple(key), exercice)


def _version(session: Session, release: str | None) -> Version:
    try:
        if release:
            return frozen_version(session.home, session.release(release).name)
        with session.ledger() as ledger:
            return published_version(session.home, ledger, session.catalogue)
    except NotTraceable as error:
        raise click.UsageError(f"{error} (`{session.command} run EXERCICE`)") from None


def _traced(session: Session, version: Version, code: str, year: int) -> Trace:
    with session.ledger() as ledger, open_rows(version) as rows:
        try:
            return traced(session.home, ledger, version, rows, code, year)
        except KeyError:
            near = suggestion(code, rows.codes(year))
            raise click.UsageError(f"aucun chiffre « {code} » en {year}{near}") from None


def show_trace(session: Session, found: Trace, form: str) -> int:
    """Print a trace; return the exit code."""
    if form == "csv":
        lines = [(found.code, line) for line in (found.absence, found.reprise) if line]
        lines += [(leaf.code, line) for leaf in found.feuilles for line in (*leaf.lignes, *leaf.hors_filtre)]
        lines += [(found.code, line) for line in found.refusees]
        write_csv(LINES_CSV, _rows_of(found, lines, {"code": found.code}), session.organisation)
    elif form == "json":
        # exact values are text: a fraction without a finite decimal form is ``845/18``
        data = asdict(found)
        leaves = [
            {**leaf, "recalcul": one.recalcul, "est_egale": one.agrees}
            for leaf, one in zip(data["feuilles"], found.feuilles, strict=True)
        ]
        worked = [asdict(replace(one, exact=_ratio(one.exact))) for one in found.calculs]
        said = {"exact": _ratio(found.exact), "calculs": worked, "imprime": _printed(found), "feuilles": leaves}
        write_json({**data, **said, "est_egal": found.agrees}, session.organisation)
    else:
        title(f"{found.code} {found.exercice}, {found.version}", session.organisation)
        _show(found)
    return DONE if found.agrees else BLOCKED


def _printed(found: Trace) -> str:
    row = found.chiffre
    return quantity(row["valeur"], row["decimales"], row["unite"], row["code_manquant"])


def _show(found: Trace) -> None:
    row = found.chiffre
    # before rounding; for a printed figure, the number that was printed
    value = row["valeur"] if found.exact is None else found.exact
    echo(f"\n{row['libelle']}")
    echo(f"  affiché   {_printed(found)}")
    echo(f"  exact     {'absent' if value is None else exact(value)} ({row['statut']})")
    if row.get("etat") == "partiel":
        echo("  état      partiel : il manque des lignes, des mois ou des documents à ses sources (millesime status)")
    echo(f"  formule   {row['formule']}")
    for name, line in (("absence", found.absence), ("reprise", found.reprise)):
        if line:
            echo(f"  {name}   {_place(line)} — {line.motif}")
    for one in found.calculs:
        echo(f"\n{one.code} = {one.calcul} = {'inconnu' if one.exact is None else exact(one.exact)}")
        for code, value in one.termes.items():
            echo(f"  {value:>16}  {code}")
    for leaf in found.feuilles:
        _show_leaf(leaf)
    if found.refusees:
        echo(f"\nLignes refusées de ses sources : {len(found.refusees)}")
        _show_lines(found.refusees[:SHOWN_LINES], len(found.refusees))
    _show_sources(found.sources)
    if not found.agrees:
        echo("\n≠ Les lignes ne redonnent pas la valeur affichée.")


def _show_sources(sources: list[Source]) -> None:
    echo("\nLivraisons")
    for source in sources:
        echo(f"  {source.export} {source.exercice}, reçue le {moment(source.recue_le)}, {source.verdict}")
        for name, sha256 in source.fichiers:
            echo(f"    {sha256}  {name}")


def _show_leaf(leaf: Leaf) -> None:
    echo(f"\n{leaf.code} — {leaf.libelle}")
    echo(f"  {leaf.sql}")
    echo(f"  droits    schéma {leaf.schema} : {_readers(leaf.schema)}")
    counted = [line for line in leaf.lignes if line.compte]
    aside = [line for line in leaf.lignes if not line.compte]
    _show_lines([*counted[:SHOWN_LINES], *aside[:SHOWN_LINES]], len(leaf.lignes))
    verdict = "égal à la valeur exacte" if leaf.agrees else f"≠ {_plain(leaf.valeur)} !"
    how = AGREGATS.get(leaf.agregat, leaf.agregat)
    echo(f"  lignes comptées : {len(counted)} ; écartées : {len(aside)} ; {how} {_plain(leaf.recalcul)}, {verdict}")
    if leaf.hors_filtre:
        echo(
            f"  hors du chiffre : {how_many(len(leaf.hors_filtre), 'lignes')} de la même table, que son filtre laisse de côté"
        )
        _show_lines(leaf.hors_filtre[:SHOWN_LINES], len(leaf.hors_filtre))


def _readers(schema: str) -> str:
    """Who may run a query on a schema: a role on the server, the owner of the files."""
    if schema == RESTREINT:
        role = settings.restricted_role()
        nobody = "pas sur le serveur sans MILLESIME_RESTREINT_ROLE"
        server = f"rôle {role} (MILLESIME_RESTREINT_ROLE)" if role else nobody
        return f"{server} ; published/{schema}, que seul son propriétaire lit"
    return f"rôle {settings.reading_role()} ; published/{schema}"


def _show_lines(lines: list[Line], total: int) -> None:
    rows = []
    for line in lines:  # for a duplicate, which line counts instead; the rule that completed it
        of = f" de {line.double_de}" if line.double_de else ""
        motive = f"{line.motif}{of}" + (f" ({line.complement})" if line.complement else "")
        rows.append({"ou": _place(line), "apport": _plain(line.apport), "motif": motive})
    columns = [
        ShownColumn("ou", "Ligne"),
        ShownColumn("apport", "Apport", right=True),
        ShownColumn("motif", "Motif", folds=True),
    ]
    table(columns, rows)
    if hidden := total - len(rows):
        echo(f"  … et {how_many(hidden, 'autre ligne|autres lignes')} : --format csv donne tout")


def _place(line: Line) -> str:
    """Where a line is; for one cell among several on it, under which heading."""
    column = f", colonne « {line.colonne} »" if line.colonne else ""
    return f"{where(line.fichier, line.feuille)}:{line.ligne}{column}"


def _plain(value: Any) -> str:
    """A number to its last digit; ``?`` for an unknown one."""
    return "?" if value is None else exact(value)


def _rows_of(
    found: Trace | RowTrace, lines: Iterable[tuple[str | None, Line]], said: dict[str, str]
) -> list[dict[str, Any]]:
    """One row per line and what it is measured by, with the export and the file of the line, and what ``said`` it is traced from."""
    sources = {source.livraison: source for source in found.sources}
    rows = []
    for measure, line in lines:
        source = sources[line.livraison]
        origin = {"export": source.export, "sha256": dict(source.fichiers)[line.fichier.partition("/")[0]]}
        rows.append({**vars(line), **said, "exercice": found.exercice, "mesure": measure, **origin})
    return rows


def _ratio(value: Fraction | None) -> Any:
    if value is None:
        return None
    text = exact(value, "").replace(",", ".").replace("−", "-")
    return str(value) if text.endswith("…") else text


def _trace_row(session: Session, version: Version, asked: Address, form: str) -> int:
    with session.ledger() as ledger:
        found = trace_row(ledger, version, asked)
    if form == "csv":
        key = shlex.join(f"{column}={value}" for column, value in found.cle.items())
        lines = ((behind.colonne, line) for behind in found.derriere for line in behind.lignes)
        rows = _rows_of(found, lines, {"table": found.table, "cle": key})
        write_csv(ROW_LINES_CSV, rows, session.organisation)
    elif form == "json":
        cells = [
            {**asdict(cell), **{name: _exact(getattr(cell, name)) for name in ("valeur", "recalcul")}}
            for cell in found.cellules
        ]
        write_json({**asdict(found), "cellules": cells, "est_egal": found.agrees}, session.organisation)
    else:
        title(
            f"{asked.table} {shlex.join([*asked.filters, str(asked.exercice)])}, {found.version}", session.organisation
        )
        _show_row(found)
    return DONE if found.agrees else BLOCKED


def _show_row(found: RowTrace) -> None:
    echo(f"\n{found.description}" if found.description else "")
    if found.rangs > 1:
        echo(f"  {how_many(found.rangs, 'lignes')} de la table, dont les nombres sont additionnés")
    rows = []
    for cell in found.cellules:
        again = "" if not cell.est_recalculee else "retrouvé" if cell.agrees else f"≠ {_said(cell, cell.recalcul)} !"
        rows.append({"titre": cell.titre, "colonne": cell.colonne, "valeur": _said(cell, cell.valeur), "lignes": again})
    headings = [ShownColumn("titre", "Titre", folds=True), ShownColumn("colonne", "Colonne")]
    headings += [ShownColumn("valeur", "Valeur", right=True, folds=True), ShownColumn("lignes", "D’après ses lignes")]
    table(headings, rows)
    for code in found.chiffres:
        echo(f"\nLa ligne reprend un chiffre : {figure(code, found.exercice).command}")
    if found.sql:
        echo("\nRequête de la table")
        for line in found.sql.splitlines():
            echo(f"  {line}".rstrip())
    for behind in found.derriere:
        _show_behind(behind)
    if not found.derriere and not found.chiffres:
        tables = f", qui lit {', '.join(found.provenance)}" if found.provenance else ""
        echo(f"\nAucune ligne de fichier ne se rattache à cette seule ligne de la table{tables}.")
    if found.sources:
        _show_sources(found.sources)
    if not found.agrees:
        echo("\n≠ Les lignes ne redonnent pas la ligne publiée.")


def _show_behind(behind: Behind) -> None:
    counted = [line for line in behind.lignes if line.compte]
    aside = [line for line in behind.lignes if not line.compte]
    echo(f"\n{behind.relation}")
    echo(f"  où {' et '.join(map(_plainly, behind.demande))}")
    if behind.non_situees:
        columns = ", ".join(behind.non_situees)
        echo(
            f"  Le filtre ne porte pas sur {columns}, que les lignes n’ont pas : il peut y en avoir plus que celles de la ligne."
        )
    _show_lines([*counted[:SHOWN_LINES], *aside[:SHOWN_LINES]], len(behind.lignes))
    total = ""
    if behind.colonne:
        known = sum((line.apport for line in counted if line.apport is not None), Decimal(0))
        total = f" ; somme de {behind.colonne} : {exact(known)}"
    echo(f"  lignes comptées : {len(counted)} ; écartées : {len(aside)}{total}")


def _said(cell: Cell, value: Any) -> str:
    """A cell as it is published: a number to its last digit, unless it is a year or a code."""
    if isinstance(value, Decimal) or (cell.unite and value is not None):
        return f"{exact(value)}{NO_BREAK}{UNITS.get(cell.unite or '', cell.unite or '')}".rstrip()
    return written(value)


def _plainly(test: str) -> str:
    """A condition without the types that the SQL of the models repeats."""
    for _ in range(test.count("CAST(")):
        test = re.sub(r"\b(?:TRY_)?CAST\(((?:[^()]|\([^()]*\))*?) AS \w+(?:\([\d, ]+\))?\)", r"\1", test)
    return test.replace(" is not distinct from ", " = ").replace("(poids = 1)", "poids = 1")


def _exact(value: Any) -> Any:
    return value if value is None or isinstance(value, int | bool) else str(value)


def _trace_line(session: Session, version: Version, file: str, line: int, sheet: str | None, form: str) -> int:
    with session.ledger() as ledger:
        fates = trace_line(session.home, ledger, version, file, line, sheet)
    if not fates:
        raise click.UsageError(f"aucune livraison ne contient de fichier « {file} »")
    if form == "json":
        write_json({"fichier": file, "ligne": line, "livraisons": [asdict(f) for f in fates]}, session.organisation)
    elif form == "csv":
        rows = []
        for fate in fates:
            same = {name: getattr(fate, name) for name in FATES_CSV[:8]}
            fed = [asdict(one) for one in fate.chiffres]
            fed += [{**asdict(one), "cle": shlex.join(_filters(one))} for one in fate.tableaux]
            rows += [{**same, **one} for one in fed] or [same]
        write_csv(FATES_CSV, rows, session.organisation)
    else:
        title(f"{where(file, sheet)}:{line}, {version.name}", session.organisation)
        for fate in fates:
            _show_fate(fate, line)
    return DONE


def _show_fate(fate: LineFate, line: int) -> None:
    sheet = f", feuille « {fate.feuille} »" if fate.feuille else ""
    is_inside = fate.enregistrement not in (None, line)
    inner = f", dans l’enregistrement de la ligne {fate.enregistrement}" if is_inside else ""
    echo(
        f"\n{fate.export} {fate.exercice} (livraison {fate.statut}, {fate.livraison[:12]}){sheet} : "
        f"ligne {fate.etat}{inner}"
    )
    if fate.raison:
        echo(f"  {fate.raison}")
    for motive in fate.motifs:
        echo(f"  comptée pour rien : {motive}")
    for rule in fate.complements:
        echo(f"  complétée : {rule}")
    rows = [
        {
            "code": one.code,
            "exercice": one.exercice,
            "apport": f"par {one.par}" if one.apport is None else _plain(one.apport),
        }
        for one in fate.chiffres
    ]
    table([ShownColumn("code", "Chiffre"), ShownColumn("exercice", "Exercice"), ShownColumn("apport", "Apport")], rows)
    fed = []
    for one in fate.tableaux:
        several = f" (une parmi {how_many(one.parmi, 'lignes')})" if one.parmi > 1 else ""
        fed.append({"table": one.table, "exercice": one.exercice, "cle": f"{shlex.join(_filters(one))}{several}"})
    table(
        [ShownColumn("table", "Tableau"), ShownColumn("exercice", "Exercice"), ShownColumn("cle", "Ligne", folds=True)],
        fed,
    )


def _filters(one: RowReached) -> list[str]:
    return [f"{column}={value}" for column, value in one.cle.items()]
