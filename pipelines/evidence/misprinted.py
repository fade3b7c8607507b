"""Finds passages of the published reports that break a guard (``gardes`` of ``alertes.yml``), by reading their models."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipelines.catalogue.chapters.printed import Demande, Garde, Model, Passage, broken, passages
from pipelines.catalogue.rules import Rule
from pipelines.evidence.parquet import select
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import Workspace
from pipelines.publication import EDITIONS, FOLDERS, PROFILES

RULE = "RAP-GARDE"


def misprinted(work: Workspace) -> list[Finding]:
    """One finding per passage that breaks a rule; a decision on it holds for these words alone. Raises duckdb.Error."""
    found: list[Finding] = []
    reports = work.home.published / "report"
    for profile in PROFILES:
        for path in sorted(reports.glob(f"*/{profile}/modele.json")):
            model = json.loads(path.read_text(encoding="utf-8"))
            tables = work.home.published / FOLDERS[profile] / "rapport"
            for name, guard, passage in against(work.catalogue.guards, model, tables):
                found.append(_finding(work.rules[RULE], name, guard, model, passage))
    return found


def against(guards: Mapping[str, Garde], model: Model, tables: Path) -> Iterator[tuple[str, Garde, Passage]]:
    """The passages of a report that break a guard, with its name; ``tables`` is the folder of its edition's. Raises duckdb.Error."""
    said = list(passages(model))
    for name, guard in guards.items():
        answered = guard.demande is None or is_there(guard.demande, tables, model["exercice"])
        for passage in broken(guard, model["profil"], said, is_answered=answered):
            yield name, guard, passage


def is_there(asked: Demande, tables: Path, exercice: int) -> bool:
    """True when ``tables``, the folder of an edition's, has such a row of the year."""
    path = tables / f"{asked.table}.parquet"
    if not path.exists():
        return False
    rows = select(path, f"select 1 from {{parquet}} where exercice = {int(exercice)} and ({asked.quand}) limit 1")
    return bool(rows)


def _finding(rule: Rule, name: str, guard: Garde, model: Model, passage: Passage) -> Finding:
    words = hashlib.sha256(passage.around.encode()).hexdigest()[:12]
    edition = EDITIONS[model["profil"]]
    about, key = f"{guard.dit} (édition {edition}, {passage.place})", f"{name} {model['profil']} {words}"
    return Finding.of(rule, model["exercice"], "report", about, cle=key)
