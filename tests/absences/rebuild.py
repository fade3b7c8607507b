"""Rebuilds a collected home without some of its files, in one process, and reads its figures and findings.

Exports whose files did not change keep their ledger entries; the others are collected again, and so are those of the next
exercice, which are compared with them. The SQL of the models and tests is the one that dbt compiled for the demonstration, since
it depends only on declarations; it is run in dbt's order.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path

from pipelines.evidence.findings import gather
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import Workspace, open_workspace
from pipelines.runs.collect import collect
from pipelines.runs.frozen import frozen
from pipelines.runs.unclaimed import unclaimed
from pipelines.settings import Home
from pipelines.stages.transform.load import load_warehouse
from pipelines.stages.transform.warehouse_findings import build_findings
from tests.dbt.compiled import Compiled

Figure = tuple[str, int]  # code, exercice


@dataclass(frozen=True)
class Value:
    """What a reader learns of a figure: its value, its state, and what it says is missing.

    ``part`` is apart: that a refused line is one of 38 and no longer one of 39 says nothing of the one that went.
    """

    valeur: Decimal | None
    etat: str
    manque: tuple = ()  # the code, the amount, and each row of ``rpt_manques``
    part: Decimal | None = None


@dataclass(frozen=True)
class Outcome:
    """One build. ``broken``: the models and tests that stopped it, each with its words; there are no figures then."""

    figures: dict[Figure, Value]
    findings: list[Finding]
    broken: list[str]


class Rebuilder:
    """A copy of a collected home in ``root``, to be made again as often as one likes."""

    def __init__(self, collected: Path, root: Path):
        self.home, self._collected = Home(root), Home(collected)
        for name in ("landing", "lake"):
            shutil.copytree(collected / name, root / name, copy_function=os.link)
        for name in ("organisation.yml", "catalogue", "expectations", "dbt_project"):
            source = collected / name
            if source.exists():
                (shutil.copytree if source.is_dir() else shutil.copy2)(source, root / name)
        self._compiled = Compiled(self._collected.dbt_manifest, self._collected.dbt_target)

    def without(self, files: Mapping[Path, bytes | None], exports: Iterable[tuple[str, int]]) -> Outcome:
        """Build with these files of landing (relative paths) replaced, or gone (None); landing is put back afterwards.

        ``exports`` (``system/export``, exercice) are those that the files belong to.
        """
        try:
            for path, content in files.items():
                place = self.home.landing / path
                place.unlink()  # a link: the collected home's own stays
                if content is not None:
                    place.write_bytes(content)
            stale = {(key, year + later) for key, year in exports for later in (0, 1)}
            self._ledger_without(stale)
            with open_workspace(self.home) as work:
                years = work.organisation.years
                for ref in work.registry.exports():
                    for year in sorted(year for key, year in stale if key == ref.key and year in years):
                        collect(work, ref, year)
                return self._build(work)
        finally:
            for path in files:
                (self.home.landing / path).unlink(missing_ok=True)
                os.link(self._collected.landing / path, self.home.landing / path)

    def _ledger_without(self, stale: set[tuple[str, int]]) -> None:
        """The collected home's ledger as if these exports had never been collected; it is of no use but here."""
        shutil.copy2(self._collected.ledger_file, self.home.ledger_file)
        with sqlite3.connect(self.home.ledger_file) as db:
            for table in ("acceptances", "outcomes", "refusals", "deliveries", "builds", "findings", "publications"):
                db.execute(f"drop trigger {table}_no_delete")
            for table in ("acceptances", "outcomes", "refusals", "deliveries"):
                db.executemany(
                    f"delete from {table} where system = ? and export = ? and exercice = ?",
                    [(*key.split("/"), year) for key, year in stale],
                )
            for table in ("builds", "findings", "publications"):
                db.execute(f"delete from {table}")
        db.close()
        self.home.ledger_head.unlink(missing_ok=True)

    def _build(self, work: Workspace) -> Outcome:
        import duckdb

        target = self.home.warehouse_next
        load_warehouse(target, work, frozen(work))
        with duckdb.connect(str(target)) as db:
            broken = [
                f"{one.name}: {one.message or f'{one.failures} rows'}"
                for one in self._compiled.run(db, warnings=False)
                if one.status in ("error", "fail")
            ]
            figures = {} if broken else figures_of(db)
        findings = gather(work, unclaimed(work))
        if not broken:
            findings = [*findings, *build_findings(target, work.rules)]
        return Outcome(figures, findings, broken)


def figures_of(db) -> dict[Figure, Value]:
    """Every figure of a warehouse, with all that its chapter on what is missing says of it."""
    lacking: dict[Figure, list[tuple]] = {}
    for code, year, *lack in db.execute(
        "select code_chiffre, exercice, source, nature_morceau, piece, effet, motif, decision, nb_perdues, montant_perdu_eur "
        "from rapport.rpt_manques order by all"
    ).fetchall():
        lacking.setdefault((code, year), []).append(tuple(lack))
    rows = db.execute(
        "select code, exercice, valeur, etat, code_manquant, part_manquante, montant_manquant_eur from rapport.chiffres"
    ).fetchall()
    return {
        (code, year): Value(value, state, (missing, amount, *lacking.get((code, year), ())), part)
        for code, year, value, state, missing, part, amount in rows
    }


def said(finding: Finding) -> str:
    """All that a finding says, to compare those of two builds."""
    return json.dumps(asdict(finding), ensure_ascii=False, sort_keys=True)
