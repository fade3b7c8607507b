"""Writes the budget as open data: one CSV per exercice in a schema of the SCDL, and the package that says so.

scdl/budget_<exercice>.csv     every line of every document that counts, UTF-8, comma, decimal point
     schema.json               the Table Schema that they follow
     datapackage.json          which files there are, what is left out, what a CFU becomes

The declaration beside the schema says which table gives the lines, and each column of the schema.
"""

import json
import shutil
from collections.abc import Collection
from pathlib import Path

from pipelines import settings
from pipelines.catalogue.organisation import Organisation
from pipelines.catalogue.source_grammar import Declared
from pipelines.catalogue.yaml_file import parse, read_mapping
from pipelines.sql import literal, select
from pipelines.stages.publish.datapackage import LICENCE, PROFILE, about, csv_file

SCHEMA = "catalogue/reference/schemas/scdl_budget_0.8.3.json"
PIECES = "fct_collecte"


class LeftOut(Declared):
    """The lines that the schema cannot hold: a condition over a row, and the words that count them."""

    condition: str
    dites: str


class Open(Declared):
    """What the files are made of: SQL over a row of a mart for each column of the schema.

    ``nom`` is the column that holds what somebody wrote: a name that the organisation does not declare is replaced by
    the SIRET. ``pieces`` is the source whose documents are counted when they do not count.
    """

    table: str
    pieces: str
    ordre: str
    ecartees: LeftOut
    nom: str
    colonnes: dict[str, str]
    description: str


def declaration() -> Open:
    """The one beside the schema. Raises DeclarationError."""
    path = (settings.shipped() / SCHEMA).with_suffix(".yml")
    return parse(Open, *read_mapping(path), path)


def write_scdl(db, folder: Path, organisation: Organisation, build: str) -> list[Path]:
    """Write the files of every exercice that has budget lines into ``folder``; nothing when there is none.

    ``organisation`` gives them, from ``build``.

    ``db`` is a DuckDB connection in which the declared mart can be read by its name, or is absent. Returns the files.
    """
    said = declaration()
    if not _has(db, said.table):
        return []
    years = db.execute(
        f"select exercice, count(*) filter ({said.ecartees.condition}) from marts.{said.table} "
        "group by exercice order by exercice"
    ).fetchall()
    if not years:
        return []
    folder.mkdir(parents=True)
    names = [budget.libelle for budget in organisation.budgets if budget.libelle]
    rows = {year: _write_year(db, folder, said, year, names) for year, _ in years}
    written = [folder / _file(year) for year in rows]
    written.append(Path(shutil.copyfile(settings.shipped() / SCHEMA, folder / "schema.json")))
    absent = _absent(db, said.pieces)
    notes = {year: _what_lacks(said.ecartees.dites, left_out, absent.get(year, 0)) for year, left_out in years}
    written.append(_write_package(folder, said.description, rows, notes, organisation, build))
    return written


def _has(db, table: str) -> bool:
    known = f"select 1 from information_schema.tables where table_schema = 'marts' and table_name = {literal(table)}"
    return db.execute(known).fetchone() is not None


def _absent(db, source: str) -> dict[int, int]:
    """How many documents of each exercice were expected, or came, but do not count."""
    if not _has(db, PIECES):
        return {}
    lost = f"nature_morceau = 'document' and source = {literal(source)} and (est_attendue or est_recue) and est_acceptee is not true"
    return dict(db.execute(f"select exercice, count(*) from marts.{PIECES} where {lost} group by exercice").fetchall())


def _what_lacks(what: str, left_out: int, absent: int) -> str:
    """The notes for readers of an exercice's lines."""
    lines = f"{what} : {left_out}." if left_out else ""
    documents = f"Documents attendus ou reçus qui n’y sont pas : {absent}." if absent else ""
    return " ".join(filter(None, [lines, documents])) or "Toutes les lignes."


def _file(year: int) -> str:
    return f"budget_{year}.csv"


def _write_year(db, folder: Path, said: Open, year: int, names: Collection[str]) -> int:
    """Write the lines of an exercice; return how many."""
    listed, written_name = ", ".join(map(literal, names)) or "null", said.colonnes[said.nom]
    columns = said.colonnes | {said.nom: f"case when {written_name} in ({listed}) then {written_name} else siret end"}
    rows = select(
        [f"{sql} as {column}" for column, sql in columns.items()],
        f"from marts.{said.table} where exercice = {int(year)} and not ({said.ecartees.condition}) order by {said.ordre}",
    )
    (written,) = db.execute(
        f"copy ({rows}) to {literal(folder / _file(year))} (format csv, header, delimiter ',')"
    ).fetchone()
    return written


def _write_package(
    folder: Path, description: str, rows: dict[int, int], notes: dict[int, str], organisation: Organisation, build: str
) -> Path:
    """The Data Package; ``notes`` says what each exercice leaves out."""
    schema = json.loads((settings.shipped() / SCHEMA).read_text(encoding="utf-8"))
    resources = [
        {
            "name": f"budget-{year}",
            "title": f"Budget de l’exercice {year}",
            "description": note,
            **csv_file(folder, _file(year), rows[year]),
            "schema": "schema.json",
        }
        for year, note in notes.items()
    ]
    package = {
        "$schema": PROFILE,
        "name": "budget",
        "title": schema["title"],
        "description": f"{description} Construction {build}.",
        "version": f"construction-{build[:12]}",
        **about(organisation, ["budget", "comptes publics", "SCDL"], min(rows), max(rows)),
        "licenses": [LICENCE],
        "homepage": schema["homepage"],
        "resources": resources,
    }
    path = folder / "datapackage.json"
    path.write_text(json.dumps(package, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
