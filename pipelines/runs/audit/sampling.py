"""A sample of the accepted lines that can be drawn again identically: the line of the original beside the row of the lake.

It is stratified: every source takes part, one of its tables after the other, and tables of amounts take part twice as
often. A table of amounts is cut into as many strata as it contributes lines, each with the same share of the money, so
that large amounts are examined more than small ones. Within a table or a stratum the order is that of a hash of the
seed and the place of the line, so that anybody can draw it again with any tool that knows MD5.
"""

import datetime as dt
import hashlib
from collections.abc import Collection
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.catalogue.fingerprint import engine_version, fingerprint
from pipelines.catalogue.patterns import same
from pipelines.catalogue.rules import where
from pipelines.catalogue.source_grammar import COLUMN, Field, Table
from pipelines.catalogue.sources import ExportRef, Registry
from pipelines.evidence.parquet import select
from pipelines.ledger.records import Manifest
from pipelines.ledger.store import Ledger
from pipelines.settings import Home
from pipelines.sql import literal
from pipelines.stages.ingest.archived_lines import Cells, cells_at

SIZE = 60
MONEY = "_eur"  # suffixes of columns of amounts
HIDDEN = "donnée personnelle"
Sample = dict[str, Any]
Stratum = tuple[str, str]  # export, table


def default_seed(exercice: int) -> int:
    """The last day of the exercice, ``20201231``: nobody chose it."""
    return exercice * 10000 + 1231


def sample(
    home: Home, ledger: Ledger, registry: Registry, exercice: int, seed: int, size: int, former: Sample | None
) -> Sample:
    """``{graine, taille, population, tires, tables, lignes}``; ``tables`` says what the lines of each table were shown from.

    ``former`` is the sample of the last page: its lines are reused if they were shown from the same data, and not even
    drawn again if as many are wanted with the same seed.
    """
    manifests = [c.manifest for (_, year), c in sorted(ledger.current().items()) if year == exercice]
    engine = engine_version()
    counts = {(m.export_key, name): t.acceptees for m in manifests for name, t in m.tables.items()}
    shown_from: dict[str, str] = {}
    money: set[Stratum] = set()
    for manifest in manifests:
        ref, shown = registry.export_of(manifest.export_key), _shown_from(home, registry, manifest, engine)
        shown_from |= {f"{manifest.system}/{name}": shown for name in manifest.tables}
        money |= {(ref.key, table.name) for table in ref.export.tables if amounts_of(table)}
    shares = allocate(counts, money & counts.keys(), size, seed)
    known = _former(former or {}, shown_from)
    lines = [
        line
        for manifest in manifests
        for line in _of_delivery(home, registry.export_of(manifest.export_key), manifest, shares, seed, known)
    ]
    head = {"graine": seed, "taille": size, "population": sum(counts.values()), "tires": len(lines)}
    return {**head, "tables": shown_from, "lignes": lines}


Line = dict[str, Any]
Place = tuple[str, str, int]  # table, file with its sheet, line


class _Former(NamedTuple):
    """The parts of the last sample that would be the same today: its seed, and its lines by place, in the order drawn."""

    seed: int | None
    lines: dict[Place, Line]

    def of(self, table: str) -> list[Line]:
        """The lines of one table."""
        return [line for line in self.lines.values() if line["table"] == table]


def _former(sample: Sample, shown_from: dict[str, str]) -> _Former:
    tables, lines = sample.get("tables", {}), sample.get("lignes", [])
    standing = [line for line in lines if tables.get(line["table"]) == shown_from.get(line["table"], "")]
    return _Former(sample.get("graine"), {_place(line): line for line in standing})


def _place(line: Line) -> Place:
    return line["table"], line["fichier"], line["ligne"]


def _shown_from(home: Home, registry: Registry, manifest: Manifest, engine: str) -> str:
    """What determines which lines and cells of a delivery are shown: its rows, its declaration, the originals that are
    still kept, and the program.
    """
    declared = registry.export_of(manifest.export_key).export.model_dump(mode="json")
    kept = [(home.archive / file.sha256).exists() for file in manifest.files]
    return fingerprint([engine, manifest.delivery, declared, kept])[:32]


def allocate(counts: dict[Stratum, int], money: set[Stratum], size: int, seed: int) -> dict[Stratum, int]:
    """How many lines to draw from each table, at most what it has: exports take turns giving one line, or two if they
    hold amounts.

    Those that hold amounts come first, then the order is that of a hash of the seed and the export's name; within an
    export, the table furthest from its share of the lines goes first.
    """
    shares = dict.fromkeys(counts, 0)
    turns = sorted({export for export, _ in counts}, key=lambda export: (not _of(money, export), _hash(seed, export)))
    wanted = min(size, sum(counts.values()))
    while sum(shares.values()) < wanted:
        for export in turns:
            for _ in range(2 if _of(money, export) else 1):
                left = [one for one in _of(counts, export) if shares[one] < counts[one]]
                if left and sum(shares.values()) < wanted:
                    shares[min(left, key=lambda one: (Fraction(shares[one] + 1, counts[one]), one))] += 1
    return shares


def _of(strata: Collection[Stratum], export: str) -> list[Stratum]:
    return [one for one in strata if one[0] == export]


def _hash(seed: int, name: str) -> str:
    return hashlib.md5(f"{seed}|{name}".encode(), usedforsecurity=False).hexdigest()


def amounts_of(table: Table) -> list[str]:
    """The columns of a table that hold amounts of money, as their names say."""
    return [field.name for field in table.kept_fields if field.name.endswith(MONEY) and field.kept_type == "number"]


class _Drawn(NamedTuple):
    """A line drawn: its place as shown, its table, its row in the lake, and its place in the original."""

    shown: Place
    table: Table
    row: dict[str, Any]
    place: tuple[str, str, str | None, int]


def _of_delivery(
    home: Home, ref: ExportRef, manifest: Manifest, shares: dict[Any, int], seed: int, former: _Former
) -> list[Line]:
    drawn: list[Line | _Drawn] = []
    for table in ref.export.tables:
        wanted, name = shares.get((ref.key, table.name), 0), f"{manifest.system}/{table.name}"
        if former.seed == seed and len(lines := former.of(name)) == wanted:
            drawn += lines
            continue
        for row in _draw(home, manifest, table, wanted, seed) if wanted else []:
            shown = name, where(row["_fichier"], row["_feuille"]), row["_ligne"]
            drawn.append(_Drawn(shown, table, row, (table.name, row["_fichier"], row["_feuille"], row["_ligne"])))
    new = {one.place for one in drawn if isinstance(one, _Drawn) and one.shown not in former.lines}
    originals = cells_at(home, ref, manifest, new) if new else {}
    return [
        one
        if isinstance(one, dict)
        else former.lines.get(one.shown)
        or {
            "table": one.shown[0],
            "fichier": one.shown[1],
            "ligne": one.shown[2],
            "sha256": manifest.original(one.row["_fichier"]).sha256,
            "cellules": _pairs(one.table, manifest.exercice, one.row, originals.get(one.place)),
        }
        for one in drawn
    ]


def _draw(home: Home, manifest: Manifest, table: Table, wanted: int, seed: int) -> list[dict[str, Any]]:
    """The lines drawn from a table: for one of amounts, from strata that each hold the same share of the money."""
    mark = literal(f"{seed}|{manifest.system}/{table.name}|")
    order = f"md5({mark} || _fichier || '|' || _ligne)"
    amounts = [f"coalesce(abs({name}), 0)" for name in amounts_of(table)]
    path = Path(home.lake / manifest.tables[table.name].parquet)
    if not amounts:
        return select(path, f"select * from {{parquet}} order by {order}, columns(*) limit {wanted}")
    rows = select(
        path,
        f"select * exclude (_part, _rang) from (select *, row_number() over (partition by _part order by {order}) as _rang from ("
        f"select *, floor(coalesce((sum(_montant) over (order by _montant desc, {order}) - _montant) * {wanted} "
        f"/ nullif(sum(_montant) over (), 0), 0)) as _part from ("
        f"select *, cast(greatest({', '.join(amounts)}) as decimal(20, 2)) as _montant from {{parquet}}))) "
        f"order by _rang, _part, {order} limit {wanted}",
    )
    return sorted(rows, key=lambda row: -row.pop("_montant"))


def _pairs(table: Table, exercice: int, row: dict[str, Any], records: list[Cells] | None) -> list[dict[str, Any]]:
    """One pair per column that the file has, and the row: its cell, and the value in the lake. ``cellule`` is None if purged."""
    headings = table.header_of(exercice)
    origins = table.origins_of(exercice)
    personal = {same(heading) for name, o in origins.items() if table.field(name).personal for heading in o.columns}
    # a row of an older declaration, whose original is gone, does not have all of today's fields
    fields = [field for field in table.kept_fields if field.name in origins and field.name in row]
    cells = _nearest(records, row, {field.name: headings[field.name] for field in fields if field.name in headings})
    pairs = []
    for field in fields:
        origin = origins[field.name]
        read = [row[COLUMN.name]] if origin.under and row.get(COLUMN.name) else origin.columns
        if not read:  # a name, a constant, a heading: it is in no cell
            continue
        hidden = hides(field) or not personal.isdisjoint(map(same, read))
        texts = [(cells or {}).get(heading) for heading in read]
        pairs.append(
            {
                "colonne": " + ".join(read),
                "cellule": HIDDEN if hidden else " ".join(text for text in texts if text) if any(texts) else texts[0],
                "champ": field.name,
                "valeur": HIDDEN if hides(field) else written(row[field.name]),
                "masquee": hidden,
            }
        )
    return pairs


def hides(field: Field) -> bool:
    """True for a personal column, as the catalogue declares it: free text that may contain a name is declared so too."""
    return bool(field.personal)


def _nearest(records: list[Cells] | None, row: dict[str, Any], headings: dict[str, str]) -> Cells | None:
    """The record that the row came from: several elements of an XML document may begin on one line."""
    if not records:
        return None
    return max(records, key=lambda cells: sum(cells.get(h) == written(row[name]) for name, h in headings.items()))


def written(value: Any) -> str | None:
    """A typed value as the lake holds it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "vrai" if value else "faux"
    if isinstance(value, dt.date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
