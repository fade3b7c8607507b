"""Proves the traces of a version, in every format: the lines of a figure are its own, and give its value."""

import csv
import functools
import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from decimal import Decimal
from pathlib import Path

import duckdb

from pipelines.catalogue.figures.load import Figures
from pipelines.cli.app import DONE
from pipelines.cli.session import Session
from pipelines.cli.tracing import show_trace
from pipelines.evidence.gaps import ABSENCES, sources_of
from pipelines.evidence.trace import Leaf, Line, Trace, trace
from pipelines.evidence.traced_rows import Version, open_rows

PRINTED = "published_reports/figures"
ADDED = ("somme", "nombre", "nombre_distinct")


def printed(session: Session, found: Trace, form: str) -> str:
    """What ``trace`` prints, without an error."""
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")) as screen:
        assert show_trace(session, found, form) == DONE, (found.code, found.exercice, form)
        screen.flush()
        return screen.buffer.getvalue().decode("utf-8")


def number(cell: str) -> Decimal:
    return Decimal(cell.replace(",", "."))


@functools.cache
def lines_in(parquet: Path) -> set[tuple]:
    """(file, sheet, line) of every line of a table of the lake."""
    return set(duckdb.sql(f"select _fichier, _feuille, _ligne from '{parquet}'").fetchall())


def strangers(session: Session, version: Version, found: Trace, leaf: Leaf) -> list[Line]:
    """The lines shown for a measure that are in none of the tables that it names as its sources."""
    said = tables(version.catalogue.figures, leaf.code)
    own = [
        (manifest.delivery, lines_in(session.home.lake / counts.parquet))
        for manifest in version.manifests.values()
        for name, counts in manifest.tables.items()
        if manifest.exercice == found.exercice and f"{manifest.system}/{name}" in said
    ]
    return [
        line
        for line in (*leaf.lignes, *leaf.hors_filtre)
        if not any(
            line.livraison == delivery and (line.fichier, line.feuille, line.ligne) in lines for delivery, lines in own
        )
    ]


def tables(figures: Figures, code: str) -> set[str]:
    """The tables that a printed figure names as its sources."""
    return {table for group in sources_of(figures, code) for one in group for table in figures.tables_of(one)}


def every_trace(session: Session, version: Version, exercices: tuple[int, ...]) -> Iterator[Trace]:
    """Every figure of the exercices, from rows that are opened once."""
    with session.ledger() as ledger, open_rows(version) as rows:
        for exercice in exercices:
            for code in rows.codes(exercice):
                yield trace(session.home, ledger, version, rows, code, exercice)


def prove(session: Session, version: Version, exercices: tuple[int, ...]) -> int:
    """Prove every trace of these exercices in every format; return the number of lines of the figures."""
    count = 0
    for found in every_trace(session, version, exercices):
        name = (found.code, found.exercice)
        said = tables(version.catalogue.figures, found.code)
        for source in found.sources:
            manifest = version.manifests[source.livraison]
            its_own = {f"{manifest.system}/{table}" for table in manifest.tables}
            assert its_own & (said | {ABSENCES, PRINTED}), (name, source.export)
        lines = [line for leaf in found.feuilles for line in (*leaf.lignes, *leaf.hors_filtre)]
        for leaf in found.feuilles:
            assert not (others := strangers(session, version, found, leaf)), (name, leaf.code, others[:3])
        count += len(lines)

        text = printed(session, found, "csv").removeprefix("\ufeff")
        rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
        assert text.startswith("code;exercice;mesure;export;fichier;")
        alone = [line for line in (found.absence, found.reprise) if line]
        assert len(rows) == len(alone) + len(lines) + len(found.refusees), name
        assert {row["livraison"] for row in rows} <= {source.livraison for source in found.sources}, name
        for leaf in found.feuilles:
            assert_adds_up(found, leaf, [row for row in rows[len(alone) :] if row["mesure"] == leaf.code])

        data = json.loads(printed(session, found, "json"))
        assert (data["code"], data["exercice"], data["est_egal"]) == (*name, True)
        assert [len(one["lignes"]) for one in data["feuilles"]] == [len(leaf.lignes) for leaf in found.feuilles]

        screen = printed(session, found, "text")
        assert found.chiffre["libelle"] in screen and f"affiché   {data['imprime']}\n" in screen, name
        assert all(source.export in screen for source in found.sources), name
    return count


def assert_adds_up(found: Trace, leaf: Leaf, rows: list[dict]) -> None:
    """The rows of the CSV that count add up to the value of the measure, and so to a figure that is this measure."""
    counted = [row["apport"] for row in rows if row["compte"] == "vrai"]
    if leaf.agregat not in ADDED or leaf.valeur is None:
        return
    total = sum(map(number, counted), Decimal(0))
    assert total == leaf.valeur, (found.code, found.exercice, leaf.code)
    if leaf.code == found.code and found.exact is not None and not found.reprise:
        assert total == found.exact, (found.code, found.exercice)
