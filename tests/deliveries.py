"""A small home with hand-made declarations, for the tests of the steps from landing to the lake."""

import functools
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter

from pipelines.catalogue.organisation import Organisation, load_organisation
from pipelines.catalogue.sources import ExportRef, Registry
from pipelines.ledger.records import Manifest
from pipelines.ledger.store import Ledger, open_ledger
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home
from pipelines.sql import parquet_scan
from pipelines.stages.ingest.delivery import ingest
from tests.layers import Layer, ship

KEY = b"k" * 32
YEAR = 2020

# code;libelle;montant;date: the table of most tests
FIELDS: list[dict[str, Any]] = [
    {"name": "code", "title": "Code", "constraints": {"required": True}},
    {"name": "libelle", "title": "Libellé"},
    {"name": "montant", "title": "Montant", "type": "number", "decimalChar": ",", "groupChar": " "},
    {"name": "jour", "title": "Jour", "type": "date", "format": "%d/%m/%Y"},
]
HEADER = "Code;Libellé;Montant;Jour\n"
ORGANISATION = """
nom: Syndicat d’essai
sigle: SE
siren: "123456782"
exercices: {premier: 2019, dernier: 2020}
systemes: [essai]
"""


_MADE: dict[str, Path] = {}  # what ``Depot.after`` did → a copy of what came of it


@dataclass(frozen=True)
class Read:
    """What one ingest gave."""

    manifest: Manifest
    rows: list[dict[str, Any]]
    refused: list[dict[str, Any]]
    ignored: list[tuple[int, str]]

    def column(self, name: str) -> list[Any]:
        """The values of one column, in order of line."""
        return [row[name] for row in self.rows]

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """(read, accepted, refused, ignored) of the only table."""
        (t,) = self.manifest.tables.values()
        return t.lues, t.acceptees, t.refusees, t.ignorees


@dataclass
class Depot:
    """A home, a layer of declarations and the files that are dropped."""

    root: Path
    home: Home = field(init=False)
    layer: Layer = field(init=False)

    def __post_init__(self) -> None:
        self.home = Home(self.root / "home")
        self.layer = ship(self.root / "shipped")

    def declare(
        self,
        fields: list[dict] | None = None,
        *,
        system: str = "essai",
        kind: dict | None = None,
        files: str = "*",
        table: dict | None = None,
        export: dict | None = None,
    ) -> ExportRef:
        """Declare a system with one export of one table; return the export."""
        declared = {
            "system": system,
            "title": "Essai",
            "owner": "quelqu’un",
            "exports": [
                {
                    "name": "export",
                    "title": "Export",
                    "files": files,
                    "format": kind or {"type": "csv", "encoding": "utf-8", "delimiter": ";"},
                    "tables": [{"name": "lignes", "title": "Lignes", "fields": fields or FIELDS, **(table or {})}],
                    **(export or {}),
                }
            ],
        }
        self.layer.write(f"catalogue/systems/{system}.yml", declared)
        self.ref = self.registry().export_of(f"{system}/export")
        return self.ref

    def registry(self) -> Registry:
        """The declarations in their present state."""
        return self.layer.catalogue(self.home).registry

    def organise(self) -> None:
        """Give the home an organisation, which subscribes to the system of most tests."""
        self.home.root.mkdir(exist_ok=True)
        begin_ledger(self.home)
        self.home.organisation_file.write_text(ORGANISATION, encoding="utf-8")

    def work(self, ledger: Ledger) -> Workspace:
        """What a step works on, with the declarations in their present state."""
        return Workspace(self.home, ledger, self.layer.catalogue(self.home), self.organisation)

    @property
    def organisation(self) -> Organisation:
        """The home's organisation."""
        return load_organisation(self.home, self.layer.catalogue(self.home))

    def drop(self, content: str | bytes, name: str = "export.csv", *, exercice: int = YEAR) -> Path:
        """Put a file in the mailbox."""
        folder = self.home.landing / str(exercice) / self.ref.system.system
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    def after(self, name: str, make: Callable[[], object]) -> None:
        """Make something of this folder that depends on no test: whoever asks for the same ``name`` later gets a copy of what came of it."""
        places = self.home.root, self.layer.root
        if name not in _MADE:
            make()
            _MADE[name] = self.root.with_name(f"after-{len(_MADE)}")
            for place in places:
                shutil.copytree(place, _MADE[name] / place.name, symlinks=True)
        else:
            for place in places:
                shutil.rmtree(place, ignore_errors=True)
                shutil.copytree(_MADE[name] / place.name, place, symlinks=True)

    def workbook(self, sheets: dict[str, list[list]], name: str = "export.xlsx", options: dict | None = None) -> Path:
        """Put a workbook in the mailbox: sheet name → rows of cells (None is no cell)."""
        path = self.drop(b"", name)
        with xlsxwriter.Workbook(str(path), options or {}) as book:
            day = book.add_format({"num_format": "dd/mm/yyyy"})
            for sheet_name, rows in sheets.items():
                sheet = book.add_worksheet(sheet_name)
                for r, row in enumerate(rows):
                    for c, cell in enumerate(row):
                        if hasattr(cell, "year"):
                            sheet.write_datetime(r, c, cell, day)
                        elif cell is not None:
                            sheet.write(r, c, cell)
        return path

    def ingest(self, *paths: Path, exercice: int = YEAR) -> Read:
        """Ingest files of the export declared last."""
        manifest = ingest(self.home, self.ref, exercice, list(paths), KEY)
        return self.read(manifest)

    def csv(self, content: str | bytes, name: str = "export.csv", *, exercice: int = YEAR) -> Read:
        """Drop one file and ingest it."""
        return self.ingest(self.drop(content, name, exercice=exercice), exercice=exercice)

    def read(self, manifest: Manifest) -> Read:
        """What lies in the lake for the first table of a manifest."""
        counts = next(iter(manifest.tables.values()))
        parquet = self.home.lake / counts.parquet
        rows = table(parquet, "_fichier, _feuille, _ligne")
        refusals, ignores = parquet.with_suffix(".refus.parquet"), parquet.with_suffix(".ignores.parquet")
        refused = table(refusals, "_fichier, _feuille, _ligne, position") if refusals.exists() else []
        ignored = [(row["_ligne"], row["raison"]) for row in table(ignores, "_fichier, _feuille, _ligne")]
        assert counts.lues == counts.acceptees + counts.refusees + counts.ignorees
        lines = {(row["_fichier"], row["_feuille"], row["_ligne"]) for row in rows}
        assert counts.acceptees == (len(lines) if rows and "_colonne" in rows[0] else len(rows))
        assert counts.ignorees == len(ignored)
        assert counts.refusees == len({(row["_fichier"], row["_feuille"], row["_ligne"]) for row in refused})
        return Read(manifest, rows, refused, ignored)

    def written_as(self) -> dict[str, int]:
        """Every file of the lake → its number on the disk, which is another once it is written again."""
        return {str(path): path.stat().st_ino for path in self.home.lake.rglob("*") if path.is_file()}

    def lake_files(self) -> dict[str, bytes]:
        """Every file of the lake, hidden ones too."""
        return {
            str(path.relative_to(self.home.lake)): path.read_bytes()
            for path in sorted(self.home.lake.rglob("*"))
            if path.is_file()
        }


def begin_ledger(home: Home) -> None:
    """The home's ledger, without an entry, if it has none: a copy, since each of those that are made runs every migration."""
    if not home.ledger_file.exists():
        home.root.mkdir(parents=True, exist_ok=True)
        for place, content in zip((home.ledger_file, home.ledger_head), _without_entries(), strict=True):
            place.touch(0o600)
            place.write_bytes(content)


@functools.cache
def _without_entries() -> tuple[bytes, bytes]:
    """A new ledger and its head."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        with open_ledger(home):
            pass
        return home.ledger_file.read_bytes(), home.ledger_head.read_bytes()


def table(parquet: Path, order: str = "all") -> list[dict[str, Any]]:
    """The rows of a Parquet file."""
    with duckdb.cursor() as db:  # a connection of its own costs ten times what it reads
        cursor = db.execute(f"from {parquet_scan(parquet)} order by {order}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
