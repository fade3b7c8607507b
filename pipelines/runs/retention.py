"""Finds what has been kept past its retention period, and removes it.

One list, ``overdue``, holds everything that is past its term: ``purge`` removes it, and a finding counts it. Each removal
is recorded in the ledger before the files are deleted; if a purge is killed, the next one finishes it, because whatever
is still there is still overdue.

The rows that figures are computed from are never removed. Instead, each person's pseudonym in them is replaced by a random
one, once the term of the last delivery that knows the person has passed (docs/decisions/0008-conservation.md).
"""

import calendar
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.catalogue.source_grammar import System
from pipelines.catalogue.sources import ExportRef
from pipelines.disk import sha256_of
from pipelines.failpoints import reached
from pipelines.french import day
from pipelines.ledger.closing import NAMES, close_delivery, kept_of, take_away
from pipelines.ledger.records import ORIGINAL, Finding, Manifest, Removal
from pipelines.ledger.state import STATE, read_state
from pipelines.ledger.workspace import Workspace
from pipelines.locking import nothing_goes
from pipelines.stages.ingest.generalise import Place, Texts, generalise, persons_of, texts_left
from pipelines.stages.ingest.landing import files_of, known_by

REFUSED, ROWS, FORMER, LOGS = "CONS-REFUS", "CONS-LAC", "CONS-PUBLICATION", "CONS-JOURNAL"
BY_HAND = "CONS-DECISION"
LOG_PLACES = ("dbt/logs/*", "dbt/target/*/dbt.log*", "dagster/storage/*", "dagster/console.log")  # in a home
USUAL = System.model_fields["retention"].default  # for an export that is no longer declared


@dataclass(frozen=True)
class Chosen:
    """Why a delivery is removed before its term, and who decided it."""

    reason: str
    by: str | None


@dataclass(frozen=True)
class Overdue:
    """Something whose last day of retention has passed; ``shown`` is its name for the operator.

    ``manifest`` is the delivery whose rows are to be generalised, ``persons`` the pseudonyms in them; ``paths`` are
    files and folders to remove. ``chosen``: it goes before its term.
    """

    rule: str
    subject: str
    shown: str
    until: str
    paths: tuple[Path, ...] = ()
    export: str | None = None
    exercice: int | None = None
    manifest: Manifest | None = None
    chosen: Chosen | None = None
    persons: tuple[str, ...] = ()
    texts: Texts = field(default_factory=dict)  # the columns of those rows to empty, or to redraw


@dataclass(frozen=True)
class Term:
    """Why an original is kept, and until which day (ISO)."""

    until: str
    rule: str
    export: str
    exercice: int
    name: str


def after(start: str, duration: str) -> str:
    """The day (ISO) a ``duration`` (P3M, P5Y) after another; the last of the month when there is no such day."""
    year, month, day_ = (int(part) for part in start[:10].split("-"))
    months = month - 1 + int(duration[1:-1]) * (12 if duration.endswith("Y") else 1)
    year, month = year + months // 12, months % 12 + 1
    return dt.date(year, month, min(day_, calendar.monthrange(year, month)[1])).isoformat()


def keep_until(ref: ExportRef, exercice: int) -> str:
    """The last day (ISO) on which the originals of an exercice are kept, as the export's retention says."""
    return after(f"{exercice}-12-31", ref.export.retention or ref.system.retention)


def overdue(work: Workspace, today: str, *, reads_rows: bool = True) -> list[Overdue]:
    """Everything kept past its term on ``today`` (ISO), in a stable order; with ``reads_rows``, also the persons in
    current rows."""
    known = _Known(work, today)
    found: list[Overdue] = [
        *known.originals(),
        *known.unknown_originals(),
        *known.landing(),
        *known.by_hand(),
        *known.rows(),
        *known.unknown_rows(),
        *(known.to_generalise() if reads_rows else ()),
        *known.publications(),
        *known.logs(),
    ]
    return sorted(
        (one for one in found if one.until < today),
        key=lambda one: (one.rule, one.export or "", one.exercice or 0, one.shown, one.subject),
    )


def overdue_findings(work: Workspace, today: str) -> list[Finding]:
    """One finding per rule. They depend on the day: none of them is published, or part of what a version is made from."""
    groups: dict[str, list[Overdue]] = defaultdict(list)
    for one in overdue(work, today):
        groups[one.rule].append(one)
    found = []
    for code, late in groups.items():
        rule, expected = work.rules[code], "rien dont le terme soit passé"
        came = f"{len(late)}, dont le plus ancien était à garder jusqu’au {day(min(one.until for one in late))}"
        if rule.is_on:
            found.append(Finding(code, "alerte", 0, "conservation", rule.titre, expected, came, aide=rule.aide))
    return found


def purge(work: Workspace, today: str, by: str) -> list[Overdue]:
    """Remove everything overdue, as ``by`` (a person, a schedule) asked; return what it was. Rows replaced by generalised ones
    go with the rest."""
    return _carried_out(work, lambda: overdue(work, today), lambda _: by)


def purge_again(work: Workspace, today: str, asked: Mapping[str, str | None]) -> list[Overdue]:
    """Remove what is overdue and is a subject of ``asked`` (subject → who asked then), or was chosen to go; nothing else that
    is past its term."""
    return _carried_out(
        work,
        lambda: [one for one in overdue(work, today) if one.chosen or one.subject in asked],
        lambda one: asked.get(one.subject),
    )


def purge_delivery(work: Workspace, name: str, chosen: Chosen, today: str) -> list[Overdue]:
    """Remove by hand a delivery's originals and the rows of persons it gave, even those that a version was made from.

    In the rows that count, the persons whom no other delivery has a reason to know are generalised: the figures stay.
    Returns what went. Raises LookupError when no delivery, or more than one, has a name that begins with ``name``.
    """
    manifest = _Known(work, today).named(name)
    files = sorted({file.sha256 for file in manifest.files})
    place = (manifest.export_key, manifest.exercice)
    work.ledger.record_removal(Removal(BY_HAND, manifest.delivery, *place, files, None, None, chosen.reason, chosen.by))
    reached("purge.entered")
    return _carried_out(work, lambda: [one for one in overdue(work, today) if one.chosen], lambda _: chosen.by)


def _carried_out(
    work: Workspace, late: Callable[[], list[Overdue]], asked_by: Callable[[Overdue], str | None]
) -> list[Overdue]:
    with nothing_goes(work.home):
        rows = [one for one in late() if one.manifest]
        _generalise(work, rows, asked_by)
        others = [one for one in late() if not one.manifest]
        for one in others:
            _enter(work, one, asked_by(one))
        take_away(work.home, work.ledger, [path for one in others for path in one.paths])
    return [*rows, *others]


def _enter(work: Workspace, one: Overdue, by: str | None) -> None:
    """Enter that something is removed, and who asked."""
    read = [path for path in one.paths if path.is_file() and not path.is_symlink() and path.parent.name != NAMES]
    files = sorted({sha256_of(path) for path in read})
    deposit = f"landing/{''.join(files) or 'lien'}"  # a link is never followed
    kept = files if one.subject else []  # landing keeps nothing
    if one.rule != BY_HAND:  # entered when it was decided
        place = (one.export, one.exercice)
        removal = Removal(one.rule, one.subject or deposit, *place, kept, kept_until=one.until, removed_by=by)
        work.ledger.record_removal(removal)
        reached("purge.entered")


def _generalise(work: Workspace, rows: Sequence[Overdue], asked_by: Callable[[Overdue], str | None]) -> None:
    """Rewrite the rows of these deliveries, and make them current; the previous ones are overdue from then on."""
    known = _Known(work, "")
    olds = [(one, one.manifest) for one in rows if one.manifest]
    asked = [(old, known.places.get(old.delivery, {}), set(one.persons), one.texts) for one, old in olds]
    entered = []
    for (one, old), new in zip(olds, generalise(work.home, asked), strict=True):
        files, place = sorted(set(old.lake_files().values())), (old.export_key, old.exercice)
        why = (one.chosen.reason, one.chosen.by) if one.chosen else (None, asked_by(one))
        close_delivery(work.home, work.ledger, new)
        entered.append((new, Removal(ROWS, old.delivery, *place, files, new.delivery, one.until, *why)))
    if entered:
        work.ledger.record_generalised(entered)
        reached("purge.generalised")


class _Known:
    """The deliveries, refusals and removals in the ledger, read once, and the resulting terms."""

    def __init__(self, work: Workspace, today: str):
        self.work, self.today, ledger = work, today, work.ledger
        self.home, self.kept = work.home, work.organisation.conservation
        self.current = {key: one.manifest for key, one in ledger.current().items()}
        self.manifests = {row["delivery"]: Manifest.from_dict(row["manifest"]) for row in ledger.all_rows("deliveries")}
        self.received = {row["delivery"]: row["received_at"] for row in ledger.all_rows("deliveries")}
        self.refusals, self.removals = ledger.all_rows("refusals"), ledger.all_rows("removals")
        self.outcomes = {(f"{r['system']}/{r['export']}", r["exercice"]): r for r in ledger.all_rows("outcomes")}
        self.acceptances = ledger.all_rows("acceptances")
        self.refs: dict[str, ExportRef] = {ref.key: ref for ref in work.registry.exports()}

    def keep_until(self, key: str, exercice: int) -> str:
        """The last day (ISO) on which an export's originals are kept, by its retention rule, or a default when it has none."""
        ref = self.refs.get(key)
        return keep_until(ref, exercice) if ref else after(f"{exercice}-12-31", USUAL)

    def is_current(self, manifest: Manifest) -> bool:
        """True when the delivery counts."""
        return self.current.get((manifest.export_key, manifest.exercice)) == manifest

    def named(self, name: str) -> Manifest:
        """The delivery whose name begins with this. Raises LookupError."""
        found = [one for identity, one in self.manifests.items() if identity.startswith(name.lower())]
        if len(found) != 1:
            many = f"{len(found)} livraisons" if found else "aucune livraison"
            raise LookupError(f"{many} dont le nom commence par « {name} »")
        return found[0]

    # originals ------------------------------------------------------------

    @cached_property
    def terms(self) -> dict[str, Term]:
        """SHA-256 of each known original → the last of its terms."""
        last: dict[str, Term] = {}
        accepted = {row["delivery"] for row in self.acceptances}

        def keep(sha256: str, term: Term) -> None:
            last[sha256] = max(term, last.get(sha256, term), key=lambda one: one.until)

        for identity, manifest in self.manifests.items():
            until, rule = self.keep_until(manifest.export_key, manifest.exercice), ORIGINAL
            if identity not in accepted:
                until, rule = after(self.received[identity], self.kept.refus), REFUSED
            for file in manifest.files:
                keep(file.sha256, Term(until, rule, manifest.export_key, manifest.exercice, file.name))
        for row in self.refusals:
            until = after(row["refused_at"], self.kept.refus)
            for file in row["files"]:
                key = f"{row['system']}/{row['export']}"
                keep(file["sha256"], Term(until, REFUSED, key, row["exercice"], file["name"]))
        return last

    def originals(self) -> Iterator[Overdue]:
        """What the archive holds that some delivery or refusal named."""
        for sha256, term in self.terms.items():
            if paths := kept_of(self.home.archive, sha256):
                yield Overdue(term.rule, sha256, term.name, term.until, tuple(paths), term.export, term.exercice)

    def unknown_originals(self) -> Iterator[Overdue]:
        """What a killed collection left in the archive: no ledger entry names it."""
        populations = {sha256 for kept in self.work.ledger.populations().values() for sha256 in kept}
        for path in sorted(self.home.archive.glob("[0-9a-f]*")):
            if path.name not in self.terms and path.name not in populations:
                paths = tuple(kept_of(self.home.archive, path.name))
                yield Overdue(REFUSED, path.name, path.name[:12], _eve(_written(path)), paths)

    def landing(self) -> Iterator[Overdue]:
        """What is in the mailbox: kept as long as its original if some export takes it, or else as long as refused files."""
        claimed: dict[Path, list[tuple[str, str, str, int]]] = defaultdict(list)
        years = [int(one.name) for one in self.home.landing.glob("[0-9]*") if one.is_dir() and one.name.isdecimal()]
        for ref in self.refs.values():
            for year in years:
                for path in files_of(self.home.landing, ref, year):
                    claimed[path].append((*self._deposit(path, ref.key, year), ref.key, year))
        for path in sorted(self.home.landing.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                continue
            shown = path.relative_to(self.home.landing).as_posix()
            if path in claimed:
                until, rule, key, year = max(claimed[path])
                yield Overdue(rule, "", shown, until, (path,), key, year)
            else:
                yield Overdue(REFUSED, "", shown, after(_written(path), self.kept.refus), (path,))

    def _deposit(self, path: Path, key: str, exercice: int) -> tuple[str, str]:
        """Until when a file of the mailbox is kept, and by which rule; one that came after the last collection waits
        for the next."""
        outcome, written = self.outcomes.get((key, exercice)), _written(path)
        if outcome is None or outcome["decided_at"] < written:
            return max(self.keep_until(key, exercice), after(written, self.kept.refus)), REFUSED
        if outcome["outcome"] == "refused":
            return after(outcome["decided_at"], self.kept.refus), REFUSED
        return self.keep_until(key, exercice), ORIGINAL

    @cached_property
    def decided(self) -> dict[str, dict[str, Any]]:
        """Delivery → the last decision to remove it."""
        return {row["subject"]: row for row in self.removals if row["rule"] == BY_HAND}

    def by_hand(self) -> Iterator[Overdue]:
        """What was decided to go and is still there, except for what came again since."""
        for row in self.decided.values():
            manifest, shas, moment = self.manifests[row["subject"]], set(row["files"]), row["removed_at"]
            rows = [] if self.is_current(manifest) else self.lake_paths(manifest)
            ref = self.refs.get(row["export"])
            landed = files_of(self.home.landing, ref, row["exercice"]) if ref else []
            there = [*(path for path in landed if known_by(path) in shas), *rows]
            there += [path for one in sorted(shas) for path in kept_of(self.home.archive, one)]
            paths = tuple(path for path in there if _moment(path.lstat().st_ctime) <= moment)
            if paths:
                shown = f"livraison {manifest.delivery[:12]} de {manifest.export_key} {manifest.exercice}"
                place = (row["export"], row["exercice"])
                yield Overdue(BY_HAND, manifest.delivery, shown, _eve(moment), paths, *place, chosen=_chosen(row))

    # rows ------------------------------------------------------------

    def rows(self) -> Iterator[Overdue]:
        """The rows of the deliveries that no longer count, or never did, and that no version keeps."""
        generalised = {row["subject"]: row for row in self.removals if row["successor"]}
        for identity, manifest in self.manifests.items():
            paths = self.lake_paths(manifest)
            if self.is_current(manifest) or not paths:
                continue
            until = self._superseded(manifest)
            if row := generalised.get(identity):
                until = row["kept_until"]
            chosen = _chosen(row) if row else None
            if not chosen:
                until = max(until, self.held.get(identity, ""))
            shown, place = f"lignes de la livraison {identity[:12]}", (manifest.export_key, manifest.exercice)
            yield Overdue(ROWS, identity, shown, until, tuple(paths), *place, chosen=chosen)

    def lake_paths(self, manifest: Manifest) -> list[Path]:
        """The files of a delivery that are in the lake."""
        return [path for name in manifest.lake_files() if (path := self.home.lake / name).exists()]

    def _superseded(self, manifest: Manifest) -> str:
        """Until when the rows of a replaced or refused delivery are kept."""
        place = (manifest.system, manifest.export, manifest.exercice)
        of_place = [row for row in self.acceptances if (row["system"], row["export"], row["exercice"]) == place]
        own = [index for index, row in enumerate(of_place) if row["delivery"] == manifest.delivery]
        if not own:
            return after(self.received[manifest.delivery], self.kept.refus)
        following = of_place[own[-1] + 1 :]
        return after((following or of_place)[0]["accepted_at"], self.kept.remplacees)

    @cached_property
    def held(self) -> dict[str, str]:
        """Delivery → the last day of the versions made from it."""
        found: dict[str, str] = {}
        for row in self.work.ledger.all_rows("releases"):
            folder = self.home.releases / row["release"]
            until = after(f"{row['exercice']}-12-31", self.kept.versions)
            for one in read_state(folder)["deliveries"] if (folder / STATE).exists() else []:
                found[one["delivery"]] = max(until, found.get(one["delivery"], ""))
        return found

    def unknown_rows(self) -> Iterator[Overdue]:
        """The rows of deliveries that no ledger entry names: those of a killed collection or purge."""
        for path in sorted(self.home.lake.glob("*/*.json")):
            identity = path.name.split(".")[-2]
            if identity not in self.manifests:
                rows = sorted(path.parent.glob(f"*/*/{identity}.*"))
                until = _eve(_written(path))
                yield Overdue(REFUSED, identity, f"lignes de la livraison {identity[:12]}", until, (*rows, path))

    @cached_property
    def places(self) -> dict[str, dict[Place, set[str]]]:
        """Delivery that counts → the pseudonyms that the key leads to, by table and column."""
        return persons_of(self.home, self.there.values())

    @cached_property
    def there(self) -> dict[str, Manifest]:
        """The deliveries that count and whose rows are in the lake."""
        return {
            one.delivery: one
            for one in self.current.values()
            if all((self.home.lake / path).exists() for path in one.lake_files())
        }

    def to_generalise(self) -> Iterator[Overdue]:
        """The rows that count and hold persons whom no export has a reason to know any longer, the last one having
        reached its term; and those whose texts have reached their own.

        A person is looked for among all deliveries, or only those of the exercice when no figure follows the persons of
        that column from one exercice to another: equal values stay equal.
        """
        if not any(self._until(one) < self.today for one in self.current.values()):
            return
        terms: dict[tuple[str, int | None], tuple[str, bool]] = {}
        followed = self._followed()
        for manifest in self.current.values():
            until = (self._until(manifest), manifest.delivery in self.decided)
            for person in set().union(*self.places.get(manifest.delivery, {}).values()):
                node = (person, None if person in followed else manifest.exercice)
                terms[node] = max(until, terms.get(node, until))
        for manifest in sorted(self.current.values(), key=lambda one: (one.exercice, one.export_key)):
            known = set().union(*self.places.get(manifest.delivery, {}).values())
            late = [
                (*terms[person, None if person in followed else manifest.exercice], person)
                for person in sorted(known)
                if terms[person, None if person in followed else manifest.exercice][0] < self.today
            ]
            texts, name = self._texts(manifest), f"de la livraison {manifest.delivery[:12]}"
            if late or texts:
                persons, said = tuple(person for _, _, person in late), []
                if persons:
                    said.append(f"pseudonymes {name} : {len(persons)} sur {len(known)}")
                if texts:
                    said.append(f"colonnes {name} : {', '.join(column for _, column in texts)}")
                shown = " ; ".join(said)
                last = max([one[0] for one in late] or [self._until(manifest)])
                place = (manifest.export_key, manifest.exercice)
                decision = self.decided.get(manifest.delivery) or next(iter(self.decided.values()), None)
                by_hand = manifest.delivery in self.decided or any(decided for _, decided, _ in late)
                chosen = _chosen(decision) if decision and by_hand else None
                yield Overdue(ROWS, manifest.delivery, shown, last, (), *place, manifest, chosen, persons, texts)

    def _texts(self, manifest: Manifest) -> Texts:
        """The columns that a delivery's own term takes away, where its rows still hold something in them."""
        ref = self.refs.get(manifest.export_key)
        if ref is None or self._until(manifest) >= self.today or manifest.delivery not in self.there:
            return {}
        declared = {(table.name, one.name): one.at_term for table in ref.export.tables for one in table.fields}
        return texts_left(self.home, manifest, {place: term for place, term in declared.items() if term})

    def _until(self, manifest: Manifest) -> str:
        """The last day on which a current delivery may know persons."""
        until = self.keep_until(manifest.export_key, manifest.exercice)
        decision = self.decided.get(manifest.delivery)
        return min(until, _eve(decision["removed_at"])) if decision else until

    def _followed(self) -> set[str]:
        """The pseudonyms in columns whose persons are compared by figures from one exercice to another."""
        apart = {
            (ref.key, table.name, one.name)
            for ref in self.refs.values()
            for table in ref.export.tables
            for one in table.fields
            if not one.across_years
        }
        return {
            person
            for manifest in self.current.values()
            for (table, column), persons in self.places.get(manifest.delivery, {}).items()
            if (manifest.export_key, table, column) not in apart
            for person in persons
        }

    # the rest ------------------------------------------------------------

    def publications(self) -> Iterator[Overdue]:
        """The previous publications that are still there."""
        now = self.home.published.resolve()
        for path in sorted(self.home.builds.glob("[!.]*")):
            if path.is_dir() and path.resolve() != now:
                until = after(_written(path), self.kept.publications)
                yield Overdue(FORMER, path.name, f"publication {path.name[:12]}", until, (path,))

    def logs(self) -> Iterator[Overdue]:
        """The logs of dbt, and what the steps of Dagster's runs wrote, one folder per run."""
        for place in LOG_PLACES:
            for path in sorted(self.home.root.glob(place)):
                shown = path.relative_to(self.home.root).as_posix()
                yield Overdue(LOGS, shown, shown, after(_written(path), self.kept.journaux), (path,))


def _moment(time: float) -> str:
    """A moment of the file system (UTC), as the ledger writes moments."""
    return dt.datetime.fromtimestamp(time, dt.UTC).isoformat(timespec="seconds")


def _written(path: Path) -> str:
    """When a file was last written."""
    return _moment(path.lstat().st_mtime)


def _chosen(row: dict[str, Any]) -> Chosen | None:
    """Why an entry goes before its term; None when it does not."""
    return Chosen(row["reason"], row["removed_by"]) if row["reason"] else None


def _eve(moment: str) -> str:
    """The day before a moment: what must be removed at once is thus already overdue on that day."""
    return (dt.date.fromisoformat(moment[:10]) - dt.timedelta(days=1)).isoformat()
