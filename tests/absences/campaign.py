"""Chooses which removals share a build, and judges what each one changed and whether it was noticed."""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.catalogue.sources import Registry
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import open_workspace
from tests.absences.rebuild import Figure, Outcome, Rebuilder, Value, said
from tests.absences.removals import Removal, removals

# That a figure is not the published one says nothing here: for the year that is being written, nothing is published yet.
NO_WITNESS = ("PUB-ECART", "REL-ECART", "ABS-CONTREDITE")
# What a finding names that is neither a table, an export nor a figure, and the systems that it speaks of.
SUBJECTS = {"rpt_finances__rapprochements": ("budget", "ciril_finances"), "rh": ("cegid_rh", "ciril_rh", "dsn")}


@dataclass(frozen=True)
class Violation:
    """A figure that became another number, or went, and does not say so."""

    removal: str
    figure: Figure
    before: Value | None
    after: Value | None

    def __str__(self) -> str:
        shown = [
            f"{one.valeur} ({one.etat}, {one.manque[1]})" if one else "absent" for one in (self.before, self.after)
        ]
        return f"{self.removal}: {self.figure[0]} {self.figure[1]}: {shown[0]} -> {shown[1]}"


@dataclass
class Result:
    """What a campaign came to; every removal is in one of the three lists, and ``undetectable`` are among the unseen."""

    builds: int = 0
    seconds: float = 0  # of the processor
    removed: list[Removal] = field(default_factory=list)
    seen: list[Removal] = field(default_factory=list)  # a figure changed its state, or a finding tells
    unchanged: list[Removal] = field(default_factory=list)  # no figure changed, and nothing is said
    undetectable: list[Removal] = field(default_factory=list)  # a line that nothing announces
    violations: list[Violation | str] = field(default_factory=list)


def _only_more_careful(was: Value | None, now: Value | None) -> bool:
    """True when a figure is the same number and calls itself partial: lines of its sources could not be placed for want of others."""
    return bool(was and now and was.valeur == now.valeur and now.etat == "partiel")


class Campaign:
    """A collected home, and what a build of it gives when nothing is removed."""

    def __init__(self, collected: Path, root: Path, seed: int):
        import duckdb

        self.seed, self._rebuilder = seed, Rebuilder(collected, root)
        self.before = self._rebuilder.without({}, [])
        if self.before.broken:
            raise AssertionError(self.before.broken)
        with open_workspace(self._rebuilder.home) as work:
            self._registry: Registry = work.registry
            self.removals = removals(work, seed)
        with duckdb.connect(str(self._rebuilder.home.warehouse_next), read_only=True) as db:
            rows = db.execute("select distinct code, source from calculs.chiffres__pieces").fetchall()
        self._sources: dict[str, set[str]] = {}
        for code, source in rows:
            self._sources.setdefault(code, set()).add(source)

    def sample(self, number: int) -> list[Removal]:
        """``number`` of the removals, drawn with the seed."""
        return sorted(random.Random(self.seed).sample(self.removals, number), key=str)

    def run(self, chosen: Iterable[Removal], say: Callable[[str], None] = lambda _: None) -> Result:
        """Build without each of them, and judge every figure."""
        result, groups = Result(), self._groups(chosen)
        for group in groups:
            started = time.process_time()
            after, known = self._build(group), len(result.violations)
            result.builds, result.seconds = result.builds + 1, result.seconds + time.process_time() - started
            self.judge(group, after, result)
            numbers = {"removed": result.removed, "seen": result.seen, "violations": result.violations}
            told = ", ".join(f"{len(those)} {name}" for name, those in numbers.items())
            say(f"build {result.builds} of {len(groups)}: {told}")
            for violation in result.violations[known:]:
                say(f"  {violation}")
        return result

    def touched(self, removal: Removal) -> set[Figure]:
        """The figures that may change with it: those that its tables enter, in its exercice and the next."""
        ref = self._registry.export_of(removal.key)
        tables = {f"{ref.system.system}/{table.name}" for table in ref.export.tables}
        codes = [code for code, sources in self._sources.items() if sources & tables]
        return {(code, removal.exercice + later) for code in codes for later in (0, 1)}

    def _groups(self, chosen: Iterable[Removal]) -> list[list[Removal]]:
        """Removals that share no figure and no export, together; those that touch most first."""
        groups: list[tuple[list[Removal], set]] = []
        reaches = [(one, self.touched(one) | {(one.key, one.exercice + later) for later in (0, 1)}) for one in chosen]
        for one, reach in sorted(reaches, key=lambda each: -len(each[1])):
            group = next((each for each in groups if not each[1] & reach), None)
            if group is None:
                groups.append(group := ([], set()))
            group[0].append(one)
            group[1].update(reach)
        return [group for group, _ in groups]

    def _build(self, group: list[Removal]) -> Outcome:
        landing = self._rebuilder.home.landing
        files = {one.path: one.apply((landing / one.path).read_bytes()) for one in group}
        return self._rebuilder.without(files, {(one.key, one.exercice) for one in group})

    def judge(self, group: list[Removal], after: Outcome, result: Result) -> None:
        """Enter in ``result`` what a build without ``group`` shows."""
        result.removed += group
        if after.broken:  # data never breaks a build
            result.violations.append(f"{' + '.join(map(str, group))}: build broken: {' ; '.join(after.broken[:3])}")
            return
        news = self._news(after.findings)
        changed = {
            figure
            for figure in self.before.figures.keys() | after.figures.keys()
            if self.before.figures.get(figure) != after.figures.get(figure)
        }
        for one in group:
            mine = sorted(changed & self.touched(one))
            unsaid = [figure for figure in mine if not self._shows(figure, after, news)]
            years = (one.exercice, one.exercice + 1, 0)
            told = [f for f in news if f.exercice in years and self._speaks_of(f, {one.key}, self._tables(one))]
            if told or len(unsaid) < len(mine):
                result.seen.append(one)
            elif not one.must_show:
                result.undetectable.append(one)
            else:
                result.unchanged.append(one)
                if one.kind in ("cellule", "ligne", "semestre"):
                    result.violations.append(f"{one}: nothing shows")
            if one.must_show:
                result.violations += [
                    Violation(str(one), f, self.before.figures.get(f), after.figures.get(f)) for f in unsaid
                ]
        for figure in sorted(changed - set().union(*map(self.touched, group))):  # beyond its declared sources
            was, now = self.before.figures.get(figure), after.figures.get(figure)
            if not _only_more_careful(was, now):
                result.violations.append(Violation(" + ".join(map(str, group)), figure, was, now))

    def _news(self, findings: list[Finding]) -> list[Finding]:
        """The findings that exist now and did not, or that give another number."""
        before = {finding.id: said(finding) for finding in self.before.findings}
        return [
            f
            for f in findings
            if f.code not in NO_WITNESS
            and (
                f.id not in before or (f.code != "ATT-ALERTE" and said(f) != before[f.id])
            )  # « 3 lignes sur 499 » is no news
        ]

    def _shows(self, figure: Figure, after: Outcome, news: list[Finding]) -> bool:
        """True when the figure has another state, is missing more, or has a finding of its own exercice."""
        before, now = self.before.figures.get(figure), after.figures.get(figure)
        if before and now:
            if now.etat != before.etat and now.etat != "complet":
                return True
            if now.etat != "complet" and now.manque != before.manque:
                return True
        code, exercice = figure
        sources = self._sources.get(code, set())
        systems = {source.split("/")[0] for source in sources}
        exports = {
            ref.key
            for ref in self._registry.exports()
            if any(f"{ref.system.system}/{t.name}" in sources for t in ref.export.tables)
        }
        return any(
            f.exercice in (exercice, 0) and (f.ou == code or self._speaks_of(f, exports, sources, systems))
            for f in news
        )

    def _tables(self, one: Removal) -> set[str]:
        ref = self._registry.export_of(one.key)
        return {f"{ref.system.system}/{table.name}" for table in ref.export.tables}

    def _speaks_of(
        self, finding: Finding, exports: set[str], tables: set[str], systems: set[str] | None = None
    ) -> bool:
        systems = systems if systems is not None else {key.split("/")[0] for key in exports}
        return finding.ou in exports | tables or bool(systems & set(SUBJECTS.get(finding.ou, ())))
