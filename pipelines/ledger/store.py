"""Reads and writes the ledger: one SQLite file per home, rows only added and chained, each write one transaction.

Recording the same thing twice in a row changes nothing. Entries are ordered as they were made, not by the clock.
"""

import datetime as dt
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, Select
from sqlalchemy.dialects.sqlite import insert

from pipelines import settings
from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import written_whole
from pipelines.ledger.chain import Broken, Head, append, check, copy, cut, dated_back, head, latest, order, raw
from pipelines.ledger.lost_ledger import LedgerLost, is_damage, refuse_lost
from pipelines.ledger.migrate import migrate
from pipelines.ledger.records import CheckResult, Decision, Finding, Manifest, Reading, Removal, Standing, Verdict
from pipelines.ledger.removals_apart import TABLES, Entry, keep_apart, name_of
from pipelines.ledger.schema import metadata
from pipelines.settings import Home

# made by a publication, and the file of a build, whose bytes differ each time: what is published does not depend on it
PUBLISHING = ("publications", "closings", "findings", "disclosures", "populations", "warehouses")


def now() -> str:
    """The clock, UTC, to the second: used in the ledger and nowhere else."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Current:
    """The current delivery of one export and exercice."""

    manifest: Manifest
    accepted_at: str
    verdicts: list[str]


class Ledger:
    """The ledger of one home, created when there is none yet. Raises LedgerLost, FormerLedger and NewerLedger."""

    def __init__(self, home: Home):
        home.root.mkdir(parents=True, exist_ok=True)
        refuse_lost(home)
        url = sa.URL.create("sqlite", database=str(home.ledger_file))  # a path may hold a "?"
        self.engine = sa.create_engine(url, connect_args={"timeout": 30})
        sa.event.listen(self.engine, "connect", lambda driver, _: driver.execute("pragma synchronous = full"))
        if not home.ledger_file.exists():
            os.close(os.open(home.ledger_file, os.O_CREAT | os.O_WRONLY, 0o600))
        self.tables = metadata().tables
        self._current: tuple[int, dict[tuple[str, int], Current]] = (0, {})  # up to this acceptance
        self._outcomes: tuple[int | None, dict[tuple[str, int], Row[Any]]] | None = None
        self._verdicts: dict[str, Verdict] = {}  # entries never change
        self._head_file, self._home = home.ledger_head, home
        try:
            migrate(self.engine)
        except sa.exc.DatabaseError as error:
            raise LedgerLost(home, "est abîmé") if is_damage(error.orig) else error from None
        if not self._head_file.exists() and not (start := self.head()).entries:
            self._write_head(start)  # so that its disappearance is noticed later

    def close(self) -> None:
        """Keep the chain's head beside the file, and release it.

        A kill before this, or a full disk, leaves an older head, which is still in the chain; a shorter chain never
        replaces it. A head that is gone or damaged is not recreated either: it would vouch for a chain that nobody has
        checked. Someone who has compared it with what a release or the report prints writes it back by hand.
        """
        now_, kept = self.head(), self._kept_head()
        if kept and now_.entries > kept.entries:
            with suppress(OSError):
                self._write_head(now_)
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
        self, key: str, exercice: int, files: list[dict[str, Any]], rule: dict[str, Any], delivery: str | None = None
    ) -> None:
        """Enter a delivery that was refused whole, with what ``DeliveryRefused`` says of the rule."""
        system, export = key.split("/")
        identity = fingerprint([key, exercice, files, rule, delivery])[:32]
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
                rule=rule,
            )
            self._enter_outcome(connection, key, exercice, "refused", identity)

    def record_verdict(self, verdict: Verdict) -> None:
        """Enter the judgement of one table."""
        with self.engine.begin() as connection:
            self._insert_verdict(connection, verdict)

    def _insert_verdict(self, connection: Connection, verdict: Verdict) -> None:
        self._insert(
            connection,
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
        """The commit point: make a delivery the current one. False if it already is."""
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
            self._enter_outcome(connection, manifest.export_key, manifest.exercice, "accepted", manifest.delivery)
        return changed

    def record_build(self, build: str, succeeded: bool, deliveries: list[str], tests: list[dict[str, Any]]) -> None:
        """Enter a build of the warehouse and the outcome of its tests."""
        last = self.last_build()
        if last is None or (last["build"], last["succeeded"]) != (build, succeeded):
            self._add("builds", build=build, built_at=now(), succeeded=succeeded, deliveries=deliveries, tests=tests)

    def record_warehouse(
        self, build: str, sha256: str, *, is_whole: bool, project: str, sources: dict[str, str]
    ) -> None:
        """Enter the file of a build: whether every model in it was built, none kept from the one before, by which
        project, and the hash of each table that it was filled with.
        """
        last, said = self.last_warehouse(), {"build": build, "sha256": sha256, "project": project}
        if last is None or any(last[name] != value for name, value in said.items()):
            self._add("warehouses", **said, is_whole=is_whole, sources=sources, made_at=now())

    def record_findings(self, build: str, findings: list[Finding]) -> None:
        """Record all the findings of a build at once, since each single entry would wait for the disk."""
        with self.engine.begin() as connection:
            for content in map(asdict, findings):
                name = fingerprint(content)[:32]
                self._insert(connection, "findings", finding=name, build=build, content=content, found_at=now())

    def sight(self, findings: list[Finding]) -> None:
        """Enter which findings appeared, changed or went away since the last sighting; ``findings`` are all the current ones.

        Findings a publication makes about itself are left out, being entered with it: the next one, on the same data,
        would repeat them.
        """
        standing = {one.id: asdict(one) for one in findings if not one.is_of_a_publication}
        with self.engine.begin() as connection:
            last = {row["finding"]: row for row in self.all_rows("sightings")}
            known = {name: row["content"] for name, row in last.items() if row["event"] != "gone"}
            for name, content in standing.items():
                if known.get(name) != content:
                    event = "changed" if name in known else "seen"
                    self._insert(connection, "sightings", finding=name, event=event, content=content, seen_at=now())
            for name, content in known.items():
                if name not in standing:
                    self._insert(connection, "sightings", finding=name, event="gone", content=content, seen_at=now())

    def record_decision(self, finding: Finding, choice: str, reason: str, by: str, until: str | None = None) -> None:
        """Enter what someone decided about a finding: see ``Decision``."""
        self._add(
            "decisions",
            finding=finding.id,
            choice=choice,
            reason=reason,
            decided_by=by,
            until=until,
            content=asdict(finding),
            decided_at=now(),
        )

    def record_release(
        self,
        release: str,
        exercice: int,
        version: int,
        fingerprint_: str,
        build: str,
        visas: dict[str, str],
        reason: str | None,
        state: str,
    ) -> None:
        """Enter a frozen year; ``state`` is the SHA-256 of its ``state.json``."""
        self._add(
            "releases",
            release=release,
            exercice=exercice,
            version=version,
            fingerprint=fingerprint_,
            build=build,
            visas=visas,
            reason=reason,
            released_at=now(),
            state=state,
        )

    def record_key(self, fingerprint_: str) -> None:
        """Enter the key that pseudonyms are made with."""
        self._add("keys", fingerprint=fingerprint_, entered_at=now())

    def record_removal(self, removal: Removal) -> None:
        """Enter that something is removed; a removal that was killed and finished on the same day is entered once."""
        with self.engine.begin() as connection:
            self._enter_removal(connection, removal)

    def record_generalised(self, made: Sequence[tuple[Manifest, Removal]]) -> None:
        """Make generalised deliveries current in place of those they are made from, all or none.

        Each counts as received and judged when its original was; the removal names both.
        """
        with self.engine.begin() as connection:
            for manifest, removal in made:
                former = self.delivery_row(removal.subject)
                assert former is not None, "rows are generalised of a delivery that was entered"
                verdicts = self.verdicts_of(removal.subject)
                ids = [fingerprint([verdict.id, manifest.delivery])[:32] for verdict in verdicts]
                place = {name: former[name] for name in ("system", "export", "exercice")}
                received = {"received_at": former["received_at"], "manifest": manifest.as_dict()}
                self._insert(connection, "deliveries", delivery=manifest.delivery, **place, **received)
                for identity, verdict in zip(ids, verdicts, strict=True):
                    self._insert_verdict(connection, replace(verdict, id=identity, delivery=manifest.delivery))
                accepted = {"verdicts": ids, "accepted_at": now()}
                self._insert(connection, "acceptances", delivery=manifest.delivery, **place, **accepted)
                self._enter_outcome(connection, manifest.export_key, manifest.exercice, "accepted", manifest.delivery)
                self._enter_removal(connection, removal)

    def _enter_removal(self, connection: Connection, removal: Removal) -> None:
        entered = asdict(removal)
        identity = fingerprint([entered, now()[:10]])[:32]
        self._insert_apart(connection, "removals", {"removal": identity, "removed_at": now(), **entered})

    def _insert_apart(self, connection: Connection, table: str, values: dict[str, Any]) -> None:
        """Enter a removal, here and outside the home: a restored backup does not know of it."""
        keep_apart(settings.removals_file(self._home), [{"table": table, **values}])
        self._insert(connection, table, **values)

    def record_publication(self, publication: str, build: str, state: str) -> None:
        """Enter a publication, once; ``state`` is the SHA-256 of its ``state.json``."""
        last = self.last_publication()
        if last is None or last["publication"] != publication:
            self._add("publications", publication=publication, build=build, published_at=now(), state=state)

    def record_closing(self, sums: str, sha256: str | None, alike: str | None) -> None:
        """Enter the list of a folder (its path in the home, its SHA-256), unless it is as entered last."""
        last = self._last("closings", sums=sums)
        if (last["sha256"] if last else None) != sha256:
            self._add("closings", sums=sums, sha256=sha256, alike=alike, closed_at=now())

    def record_population(self, exercice: int, sha256: str) -> None:
        """Enter what is public of the staff of an exercice from now on, and the persons behind it, as archived."""
        if self.populations().get(exercice, [None])[-1] != sha256:
            self._add("populations", exercice=exercice, sha256=sha256, archived_at=now())

    def removed(self) -> set[str]:
        """The originals and deliveries whose removal, by rule or by hand, was entered."""
        rows = self.all_rows("removals")
        return {row["subject"] for row in rows} | {sha256 for row in rows for sha256 in row["files"]}

    def removals(self) -> int:
        """How many removals there have been: after a new one, copies kept elsewhere are recreated instead of just emptied."""
        return sum(len(self.all_rows(table)) for table in TABLES)

    def entries_apart(self) -> dict[str, Entry]:
        """Identifier of each entry that is also kept outside the home → the entry."""
        rows = ({"table": table, **row} for table in TABLES for row in self.all_rows(table))
        return {name_of(row): {name: value for name, value in row.items() if name != "seq"} for row in rows}

    def record_withdrawal(self, publication: str, profile: str, reason: str, by: str, places: list[str]) -> None:
        """Enter that a public profile is withdrawn from ``places``."""
        said = {"reason": reason, "withdrawn_by": by, "places": places, "withdrawn_at": now()}
        with self.engine.begin() as connection:
            self._insert_apart(connection, "withdrawals", {"publication": publication, "profile": profile, **said})

    def record_text(self, exercice: int, text: str, sha256: str, state: str, by: str) -> None:
        """Enter how far a text of a year is, as stated by someone who read these bytes."""
        row = {"exercice": exercice, "text": text, "sha256": sha256, "state": state, "stated_by": by}
        self._add("texts", **row, stated_at=now())

    def record_readings(self, readings: Iterable[Reading], by: str) -> None:
        """Enter at once that someone read and approved these texts."""
        with self.engine.begin() as connection:
            for sha256, table, column, exercice in readings:
                place = {"read_table": table, "read_column": column, "exercice": exercice}
                self._insert(connection, "readings", sha256=sha256, **place, read_by=by, read_at=now())

    def record_sending(
        self,
        release: str,
        exercice: int,
        profile: str,
        recipients: dict[str, str],
        sent_on: str,
        sent_by: str,
        files: dict[str, str],
    ) -> None:
        """Enter that a release was sent to its recipients (code → name) on a day (ISO date), and what was sent (path →
        SHA-256)."""
        self._add(
            "sendings",
            release=release,
            exercice=exercice,
            profile=profile,
            recipients=recipients,
            sent_on=sent_on,
            sent_by=sent_by,
            files=files,
            entered_at=now(),
        )

    # reading ------------------------------------------------------------

    def current(self) -> dict[tuple[str, int], Current]:
        """(``system/export``, exercice) → the delivery accepted last."""
        acceptances, deliveries = self.tables["acceptances"], self.tables["deliveries"]
        read, current = self._current
        last = self._last_entry("acceptances") or 0
        if read != last:
            query = (
                sa.select(acceptances, deliveries.c.manifest)
                .join(deliveries, deliveries.c.delivery == acceptances.c.delivery)
                .where(acceptances.c.seq > read)
                .order_by(acceptances.c.seq)
            )
            for row in self._rows(query):
                one = Current(Manifest.from_dict(row.manifest), row.accepted_at, row.verdicts)
                current[f"{row.system}/{row.export}", row.exercice] = one
            self._current = (last, current)
        return dict(current)

    def delivery(self, identity: str) -> Manifest | None:
        """One delivery, current or not."""
        row = self.delivery_row(identity)
        return Manifest.from_dict(row["manifest"]) if row else None

    def delivery_row(self, identity: str) -> dict[str, Any] | None:
        """The entry of one delivery."""
        return self._last("deliveries", delivery=identity)

    def verdicts_of(self, delivery: str) -> list[Verdict]:
        """The last verdict of each table of a delivery."""
        verdicts = self.tables["verdicts"]
        query = sa.select(verdicts).where(verdicts.c.delivery == delivery).order_by(verdicts.c.seq)
        return list({row.table_name: _verdict(row) for row in self._rows(query)}.values())

    def verdict(self, identity: str) -> Verdict | None:
        """One verdict."""
        if identity not in self._verdicts:
            verdicts = self.tables["verdicts"]
            asked = sa.select(verdicts)
            if self._verdicts:  # otherwise all at once, since callers seldom need only one
                asked = asked.where(verdicts.c.verdict == identity)
            self._verdicts |= {row.verdict: _verdict(row) for row in self._rows(asked)}
        return self._verdicts.get(identity)

    def last_refusal(self, key: str, exercice: int) -> dict[str, Any] | None:
        """The last refusal of an export for an exercice, unless a delivery was accepted after it."""
        last = self._last_outcome(key, exercice)
        if last is None or last.outcome != "refused":
            return None
        return self._last("refusals", refusal=last.subject)

    def accepted_elsewhere(self, sha256s: set[str], key: str, exercice: int) -> int | None:
        """Another exercice for which the same bytes of the same export are accepted, if any."""
        for (other_key, other), current in self.current().items():
            same = {file.sha256 for file in current.manifest.files}
            if other_key == key and other != exercice and same & sha256s:
                return other
        return None

    def last_build(self) -> dict[str, Any] | None:
        """The last build, whatever its outcome."""
        return self._last("builds")

    def build(self, identity: str) -> dict[str, Any] | None:
        """One build."""
        return self._last("builds", build=identity)

    def last_warehouse(self) -> dict[str, Any] | None:
        """The file of the last build that succeeded."""
        return self._last("warehouses")

    def last_publication(self) -> dict[str, Any] | None:
        """The last publication."""
        return self._last("publications")

    def closed(self) -> dict[str, str]:
        """Path in the home of each list of a folder → its SHA-256, in the order in which they were entered."""
        found: dict[str, str] = {}
        for row in self.all_rows("closings"):
            found.pop(row["sums"], None)
            if row["sha256"]:
                found[row["sums"]] = row["sha256"]
        return found

    def generalised(self) -> dict[str, str]:
        """Each delivery whose rows were generalised → the one it was made from."""
        return {row["successor"]: row["subject"] for row in self.all_rows("removals") if row["successor"]}

    def key(self) -> str | None:
        """The fingerprint of the key that pseudonyms are made with; None before one is entered."""
        last = self._last("keys")
        return last["fingerprint"] if last else None

    def findings_of(self, build: str) -> list[Finding]:
        """What a build found, in order."""
        findings = self.tables["findings"]
        query = sa.select(findings).where(findings.c.build == build).order_by(findings.c.seq)
        return [Finding(**row.content) for row in self._rows(query)]

    def standing(self, findings: list[Finding]) -> list[Standing]:
        """Each finding with the moment since which it has lasted without a break, and the last decision on it."""
        since: dict[str, str | None] = {}
        for row in self.all_rows("sightings"):
            if row["event"] == "seen":
                since[row["finding"]] = row["seen_at"]
            elif row["event"] == "gone":
                since.pop(row["finding"], None)
        decisions = self.decisions()
        return [Standing(finding, since.get(finding.id), decisions.get(finding.id)) for finding in findings]

    def decisions(self) -> dict[str, Decision]:
        """The last decision on each finding, by the finding's id."""
        fields = ("finding", "choice", "reason", "decided_by", "decided_at", "until")
        return {
            row["finding"]: Decision(
                **{f: row[f] for f in fields}, ecart=row["content"]["ecart"], empreinte=row["content"].get("empreinte")
            )
            for row in self.all_rows("decisions")
        }

    def populations(self) -> dict[int, list[str]]:
        """exercice → the SHA-256 of what was public of its staff, oldest first."""
        found: dict[int, list[str]] = {}
        for row in self.all_rows("populations"):
            found.setdefault(row["exercice"], []).append(row["sha256"])
        return found

    def readings(self) -> set[Reading]:
        """Every text that somebody read and approved, where it was."""
        rows = self.all_rows("readings")
        return {Reading(row["sha256"], row["read_table"], row["read_column"], row["exercice"]) for row in rows}

    def all_rows(self, table: str) -> list[dict[str, Any]]:
        """A whole ledger table, in order of entry."""
        source = self.tables[table]
        return [dict(row._mapping) for row in self._rows(sa.select(source).order_by(source.c.seq))]

    # the chain ----------------------------------------------------------

    def head(self) -> Head:
        """The end of the chain: what a release and the report print."""
        with self.engine.connect() as connection:
            return head(raw(connection))

    def settled_head(self, before: tuple[str, int] | None = None) -> Head:
        """The end of the chain before the entries that a publication adds, so that it is the same however often one publishes.

        As of now, or ``before`` this row (table, number) was entered.
        """
        with self.engine.connect() as connection:
            return head(raw(connection), after=PUBLISHING, before=before)

    def copy_to(self, file: Path) -> None:
        """Write a copy of the ledger, as it is now, that only its owner can read."""
        with self.engine.connect() as connection:
            copy(raw(connection), file)

    def copy_before(self, file: Path, publication: int) -> None:
        """Write a copy of the ledger as it was before what that publication (the number of its entry) entered."""
        self.copy_to(file)
        with closing(sqlite3.connect(file)) as copied:
            cut(copied, "publications", publication, PUBLISHING)

    def head_at(self, table: str, row: int) -> Head:
        """The end of the chain when this row had just been entered: later entries do not move it."""
        with self.engine.connect() as connection:
            return head(raw(connection), until=(table, row))

    def check(self, anchors: dict[str, Head]) -> list[Broken]:
        """What is wrong with the chain, checked against the heads kept elsewhere and the one beside the file."""
        kept = self._kept_head()
        with self.engine.connect() as connection:
            broken = check(raw(connection), anchors | ({self._head_file.name: kept} if kept else {}))
        if not kept:
            broken.append(Broken(self._head_file.name, None, "le fichier a disparu ou a été modifié"))
        return broken

    def order(self) -> dict[tuple[str, int], int]:
        """(table, number of the row) of each entry → its place in the chain."""
        with self.engine.connect() as connection:
            return order(raw(connection))

    def dated_back(self) -> list[str]:
        """The entries dated before earlier ones (French)."""
        with self.engine.connect() as connection:
            return dated_back(raw(connection))

    def latest(self) -> str:
        """The latest moment (ISO, UTC) recorded in an entry; empty before the first one."""
        with self.engine.connect() as connection:
            return latest(raw(connection))

    def _kept_head(self) -> Head | None:
        """The head beside the ledger; None when the file is gone or is not a head."""
        if not self._head_file.exists():
            return None
        found = re.fullmatch(r"(\d+) ([0-9a-f]{64})\s*", self._head_file.read_text(encoding="utf-8", errors="replace"))
        return Head(int(found[1]), found[2]) if found else None

    def _write_head(self, head_: Head) -> None:
        with written_whole(self._head_file) as file:
            file.write(f"{head_.entries} {head_.hash}\n")

    # ------------------------------------------------------------

    def _last_entry(self, table: str) -> int | None:
        """The number of a table's last row: rows are only added, so what was read remains valid while it is the same."""
        with self.engine.connect() as connection:  # called hundreds of times, so the text is ready-made
            return connection.exec_driver_sql(f"select max(seq) from {self.tables[table].name}").scalar()

    def _last(self, table: str, **of: str) -> dict[str, Any] | None:
        """The last row of a table, or of those with these values."""
        source = self.tables[table]
        rows = list(self._rows(sa.select(source).filter_by(**of).order_by(source.c.seq.desc()).limit(1)))
        return dict(rows[0]._mapping) if rows else None

    def _rows(self, query: Select[Any]) -> Iterator[Row[Any]]:
        with self.engine.connect() as connection:
            yield from connection.execute(query).all()

    def _add(self, table: str, **values: object) -> None:
        with self.engine.begin() as connection:
            self._insert(connection, table, **values)

    def _insert(self, connection: Connection, table: str, **values: object) -> None:
        done = connection.execute(insert(self.tables[table]).on_conflict_do_nothing(), values)
        if done.rowcount:
            append(raw(connection), table, done.lastrowid)

    def _enter_outcome(self, connection: Connection, key: str, exercice: int, outcome: str, subject: str) -> None:
        last = self._last_outcome(key, exercice)
        if last is None or (last.outcome, last.subject) != (outcome, subject):
            system, export = key.split("/")
            self._insert(
                connection,
                "outcomes",
                system=system,
                export=export,
                exercice=exercice,
                outcome=outcome,
                subject=subject,
                decided_at=now(),
            )

    def _last_outcome(self, key: str, exercice: int) -> Row[Any] | None:
        last = self._last_entry("outcomes")
        if self._outcomes is None or self._outcomes[0] != last:
            outcomes = self.tables["outcomes"]
            rows = self._rows(sa.select(outcomes).order_by(outcomes.c.seq))
            self._outcomes = (last, {(f"{row.system}/{row.export}", row.exercice): row for row in rows})
        return self._outcomes[1].get((key, exercice))


def _verdict(row: Row[Any]) -> Verdict:
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
