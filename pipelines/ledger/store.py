"""Reads and writes the ledger: one SQLite file a home, rows only added, each write one transaction.

Recording the same thing twice in a row changes nothing. Order is that of entry, never that of the clock.
"""

import datetime as dt
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal

from pipelines.ledger.records import CheckResult, Finding, Manifest, Verdict
from pipelines.ledger.schema import metadata
from pipelines.rules import DeliveryRefused
from pipelines.settings import Home
from pipelines.sources.registry import fingerprint


def now() -> str:
    """The clock, UTC, to the second: stands in the ledger and nowhere else."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Current:
    """The delivery that counts for one export and exercice."""

    manifest: Manifest
    accepted_at: str
    verdicts: list[str]


class Ledger:
    """The ledger of one home."""

    def __init__(self, home: Home):
        import sqlalchemy as sa

        self._sa = sa
        home.root.mkdir(parents=True, exist_ok=True)
        url = sa.URL.create("sqlite", database=str(home.ledger_file))  # a path may hold a "?"
        self.engine = sa.create_engine(url, connect_args={"timeout": 30})
        sa.event.listen(self.engine, "connect", _durable)
        if not home.ledger_file.exists():
            os.close(os.open(home.ledger_file, os.O_CREAT | os.O_WRONLY, 0o600))
        self.tables = metadata().tables
        self._current: tuple[int | None, dict[tuple[str, int], Current]] | None = None
        metadata().create_all(self.engine)

    def close(self) -> None:
        """Release the file."""
        self.engine.dispose()

    # writing ------------------------------------------------------------

    def record_delivery(self, manifest: Manifest) -> None:
        """Enter a delivery that could be read."""
        self._add(
            "deliveries",
            delivery=manifest.delivery,
            system=manifest.system,
            export=manifest.export,
            exercice=manifest.exercice,
            received_at=now(),
            manifest=manifest.as_dict(),
        )

    def record_refusal(
        self,
        key: str,
        exercice: int,
        files: list[dict],
        refusal: DeliveryRefused,
        delivery: str | None = None,
    ) -> None:
        """Enter a delivery that was refused whole, with the rule."""
        system, export = key.split("/")
        identity = fingerprint([key, exercice, files, refusal.as_dict(), delivery])[:32]
        with self.engine.begin() as connection:
            self._insert(
                connection,
                "refusals",
                refusal=identity,
                system=system,
                export=export,
                exercice=exercice,
                refused_at=now(),
                delivery=delivery,
                files=files,
                rule=refusal.as_dict(),
            )
            self._decide(connection, key, exercice, "refused", identity)

    def record_verdict(self, verdict: Verdict) -> None:
        """Enter the judgement of one table."""
        self._add(
            "verdicts",
            verdict=verdict.id,
            delivery=verdict.delivery,
            table_name=verdict.table,
            suite=verdict.suite,
            accepted=verdict.accepted,
            judged_at=now(),
            results=[asdict(r) for r in verdict.results],
        )

    def record_acceptance(self, manifest: Manifest, verdicts: list[Verdict]) -> bool:
        """THE commit point: make a delivery the current one. False when it is already."""
        current = self.current().get((manifest.export_key, manifest.exercice))
        ids = [verdict.id for verdict in verdicts]
        changed = not (current and current.manifest.delivery == manifest.delivery and current.verdicts == ids)
        with self.engine.begin() as connection:
            if changed:
                self._insert(
                    connection,
                    "acceptances",
                    delivery=manifest.delivery,
                    system=manifest.system,
                    export=manifest.export,
                    exercice=manifest.exercice,
                    verdicts=ids,
                    accepted_at=now(),
                )
            self._decide(connection, manifest.export_key, manifest.exercice, "accepted", manifest.delivery)
        return changed

    def record_build(self, build: str, succeeded: bool, deliveries: list[str], tests: list[dict]) -> None:
        """Enter a build of the warehouse and the outcome of its tests."""
        last = self.last_build()
        if last is None or (last["build"], last["succeeded"]) != (build, succeeded):
            self._add("builds", build=build, built_at=now(), succeeded=succeeded, deliveries=deliveries, tests=tests)

    def record_findings(self, build: str, findings: list[Finding]) -> None:
        """Enter what a build found."""
        for finding in findings:
            content = asdict(finding)
            self._add("findings", finding=fingerprint(content)[:32], build=build, content=content, found_at=now())

    def record_publication(self, publication: str, build: str) -> None:
        """Enter a publication."""
        with self.engine.begin() as connection:
            connection.execute(
                self.tables["publications"].insert(),
                {"publication": publication, "build": build, "published_at": now()},
            )

    def record_disclosures(self, disclosed: Iterable[tuple[str, Decimal]]) -> None:
        """Enter what a public profile tells: (name, value) pairs; those that are already there change nothing."""
        from sqlalchemy.dialects.sqlite import insert

        rows = [{"name": name, "value": f"{value:f}", "disclosed_at": now()} for name, value in disclosed]
        if rows:
            with self.engine.begin() as connection:
                connection.execute(insert(self.tables["disclosures"]).on_conflict_do_nothing(), rows)

    # reading ------------------------------------------------------------

    def current(self) -> dict[tuple[str, int], Current]:
        """(``system/export``, exercice) → the delivery accepted last."""
        acceptances = self.tables["acceptances"]
        with self.engine.connect() as connection:
            last = connection.execute(self._sa.select(self._sa.func.max(acceptances.c.seq))).scalar()
        if self._current is None or self._current[0] != last:
            self._current = (last, self._read_current())
        return dict(self._current[1])

    def _read_current(self) -> dict[tuple[str, int], Current]:
        acceptances, deliveries = self.tables["acceptances"], self.tables["deliveries"]
        query = (
            self._sa.select(acceptances, deliveries.c.manifest)
            .join(deliveries, deliveries.c.delivery == acceptances.c.delivery)
            .order_by(acceptances.c.seq)
        )
        return {
            (f"{row.system}/{row.export}", row.exercice): Current(
                Manifest.from_dict(row.manifest), row.accepted_at, row.verdicts
            )
            for row in self._rows(query)
        }

    def verdicts_of(self, delivery: str) -> list[Verdict]:
        """The last verdict of each table of a delivery."""
        verdicts = self.tables["verdicts"]
        query = self._sa.select(verdicts).where(verdicts.c.delivery == delivery).order_by(verdicts.c.seq)
        return list({row.table_name: _verdict(row) for row in self._rows(query)}.values())

    def verdict(self, identity: str) -> Verdict | None:
        """One verdict."""
        verdicts = self.tables["verdicts"]
        rows = list(self._rows(self._sa.select(verdicts).where(verdicts.c.verdict == identity)))
        return _verdict(rows[0]) if rows else None

    def last_refusal(self, key: str, exercice: int) -> dict | None:
        """The last refusal of an export for an exercice, unless a delivery was accepted after it."""
        last = self._last_decision(key, exercice)
        if last is None or last.outcome != "refused":
            return None
        refusals = self.tables["refusals"]
        (row,) = self._rows(self._sa.select(refusals).where(refusals.c.refusal == last.subject))
        return dict(row._mapping)

    def accepted_elsewhere(self, sha256s: set[str], key: str, exercice: int) -> int | None:
        """Another exercice for which the same bytes of the same export are accepted, if any."""
        for (other_key, other), current in self.current().items():
            same = {file.sha256 for file in current.manifest.files}
            if other_key == key and other != exercice and same & sha256s:
                return other
        return None

    def last_build(self) -> dict | None:
        """The last build, whatever its outcome."""
        builds = self.tables["builds"]
        rows = list(self._rows(self._sa.select(builds).order_by(builds.c.seq.desc()).limit(1)))
        return dict(rows[0]._mapping) if rows else None

    def build(self, identity: str) -> dict | None:
        """One build."""
        builds = self.tables["builds"]
        query = self._sa.select(builds).where(builds.c.build == identity).order_by(builds.c.seq.desc()).limit(1)
        rows = list(self._rows(query))
        return dict(rows[0]._mapping) if rows else None

    def last_publication(self) -> dict | None:
        """The last publication."""
        publications = self.tables["publications"]
        rows = list(self._rows(self._sa.select(publications).order_by(publications.c.seq.desc()).limit(1)))
        return dict(rows[0]._mapping) if rows else None

    def findings_of(self, build: str) -> list[Finding]:
        """What a build found, in order."""
        findings = self.tables["findings"]
        query = self._sa.select(findings).where(findings.c.build == build).order_by(findings.c.seq)
        return [Finding(**row.content) for row in self._rows(query)]

    def disclosures(self) -> list[tuple[str, Decimal]]:
        """Every (name, value) that a public profile ever told."""
        return [(row["name"], Decimal(row["value"])) for row in self.all_rows("disclosures")]

    def all_rows(self, table: str) -> list[dict]:
        """A whole ledger table, in order of entry."""
        source = self.tables[table]
        return [dict(row._mapping) for row in self._rows(self._sa.select(source).order_by(source.c.seq))]

    # ------------------------------------------------------------

    def _rows(self, query) -> Iterator:
        with self.engine.connect() as connection:
            yield from connection.execute(query).all()

    def _add(self, table: str, **values: object) -> None:
        with self.engine.begin() as connection:
            self._insert(connection, table, **values)

    def _insert(self, connection, table: str, **values: object) -> None:
        from sqlalchemy.dialects.sqlite import insert

        connection.execute(insert(self.tables[table]).on_conflict_do_nothing(), values)

    def _decide(self, connection, key: str, exercice: int, outcome: str, subject: str) -> None:
        last = self._last_decision(key, exercice)
        if last is None or (last.outcome, last.subject) != (outcome, subject):
            system, export = key.split("/")
            self._insert(
                connection,
                "decisions",
                system=system,
                export=export,
                exercice=exercice,
                outcome=outcome,
                subject=subject,
                decided_at=now(),
            )

    def _last_decision(self, key: str, exercice: int):
        system, export = key.split("/")
        decisions = self.tables["decisions"]
        query = (
            self._sa.select(decisions)
            .where(decisions.c.system == system, decisions.c.export == export, decisions.c.exercice == exercice)
            .order_by(decisions.c.seq.desc())
            .limit(1)
        )
        return next(self._rows(query), None)


def _durable(connection, _record) -> None:
    connection.execute("pragma synchronous = full")


def _verdict(row) -> Verdict:
    results = [CheckResult(**result) for result in row.results]
    return Verdict(row.verdict, row.delivery, row.table_name, row.suite, results)


@contextmanager
def open_ledger(home: Home) -> Iterator[Ledger]:
    """The home's ledger, closed on leaving."""
    ledger = Ledger(home)
    try:
        yield ledger
    finally:
        ledger.close()
