"""Chooses which removals share a build, and judges what each one changed and whether it was noticed."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipelines.catalogue.sources import Registry
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import open_workspace
from tests.absences.rebuild import Figure, Outcome, Rebuilder, Value, said
from tests.absences.removals import KINDS, Removal, removals

# That a figure is not the published one says nothing of what is missing: for the year that is being written, nothing is
# published yet.
NO_WITNESS = ("PUB-ECART", "REL-ECART", "ABS-CONTREDITE")
# What a finding names that is neither a table, an export nor a figure, and the systems that it speaks of.
SUBJECTS = {"rpt_finances__rapprochements": ("budget", "ciril_finances"), "rh": ("cegid_rh", "ciril_rh", "dsn")}


@dataclass(frozen=True)
class Violation:
    """A figure that became another number, or went, and whose own state does not say so."""

    removal: str
    figure: Figure
    before: Value | None
    after: Value | None

    def __str__(self) -> str:
        shown = [f"{one.valeur} ({one.etat}, {one.part})" if one else "absent" for one in (self.before, self.after)]
        return f"{self.removal}: {self.figure[0]} {self.figure[1]}: {shown[0]} -> {shown[1]}"


@dataclass
class Result:
    """What a campaign came to; every removal is in one of the three lists: ``seen``, ``unchanged``, ``undetectable``."""

    builds: int = 0
    seconds: float = 0  # of the processor
    removed: list[Removal] = field(default_factory=list)
    seen: list[Removal] = field(default_factory=list)  # a figure changed its state, or a finding tells
    unchanged: list[Removal] = field(default_factory=list)  # no figure changed, and nothing is said
    undetectable: list[Removal] = field(default_factory=list)  # a line that nothing announces
    violations: list[Violation | str] = field(default_factory=list)
    told: dict[Removal, list[str]] = field(default_factory=dict)  # what said so: states, codes of findings


def _only_more_careful(was: Value | None, now: Value | None) -> bool:
    """True when a figure is the same number and calls itself partial: lines of its sources could not be placed for want of others."""
    return _same_number(was, now) and now is not None and now.etat == "partiel"


def _same_number(was: Value | None, now: Value | None) -> bool:
    return bool(was and now and was.valeur == now.valeur)


def _anywhere(finding: Finding) -> str:
    """What a finding says, wherever its line is."""
    return said(replace(finding, ligne=None, empreinte=None))


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
            rows = db.execute(
                "select distinct feuilles.code, pieces.source from calculs.chiffres__feuilles as feuilles "
                "inner join calculs.chiffres__pieces as pieces on feuilles.mesure = pieces.code"
            ).fetchall()
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
        files: dict[Path, bytes | None] = {path: None for one in group for path in one.others}
        files |= {one.path: one.apply((landing / one.path).read_bytes()) for one in group}
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
            shown = [f for f in mine if self._shows(f, after)]
            unsaid = [f for f in mine if f not in shown and not self._is_exempt(one, f, after)]
            years = (one.exercice, one.exercice + 1, 0)
            told = [f for f in news if f.exercice in years and self._speaks_of(f, {one.key}, self._tables(one))]
            if told or shown:
                result.seen.append(one)
                result.told[one] = [*sorted({after.figures[f].etat for f in shown}), *sorted({f.code for f in told})]
            elif not one.must_show:
                result.undetectable.append(one)
            else:
                result.unchanged.append(one)
                if self._always_told(one):
                    result.violations.append(f"{one}: nothing shows")
            if one.must_show:
                result.violations += [
                    Violation(str(one), f, self.before.figures.get(f), after.figures.get(f)) for f in unsaid
                ]
        for figure in sorted(changed - set().union(*map(self.touched, group))):  # beyond its declared sources
            was, now = self.before.figures.get(figure), after.figures.get(figure)
            following = [one for one in group if (figure[0], figure[1] + 1) in self.touched(one)]
            if not _only_more_careful(was, now) and not any(self._is_exempt(one, figure, after) for one in following):
                result.violations.append(Violation(" + ".join(map(str, following or group)), figure, was, now))

    def _news(self, findings: list[Finding]) -> list[Finding]:
        """The findings that exist now and did not, or that say something else; one that is only at another line is none.

        « 3 lignes sur 499 » is no news either.
        """
        before = {finding.id: said(finding) for finding in self.before.findings}
        left = Counter(_anywhere(finding) for finding in self.before.findings)
        news = []
        for f in findings:
            if f.code in NO_WITNESS or (f.id in before and (f.code == "ATT-ALERTE" or said(f) == before[f.id])):
                left[_anywhere(f)] -= 1
            elif left[_anywhere(f)] > 0:
                left[_anywhere(f)] -= 1
            else:
                news.append(f)
        return news

    def _shows(self, figure: Figure, after: Outcome) -> bool:
        """True when the figure itself says so: it is not complete, and its state or what it says is missing is another."""
        before, now = self.before.figures.get(figure), after.figures.get(figure)
        if now is None or now.etat == "complet":
            return False
        return before is None or (now.etat, now.manque) != (before.etat, before.manque)

    def _is_exempt(self, one: Removal, figure: Figure, after: Outcome) -> bool:
        """True for a figure that says nothing, and rightly so.

        - The same number, of another exercice than the one that lost something, and less partial than it was. What showed a
          gap in it was the other exercice (a member that had lines there); without it, nobody can know.
        - One of a family whose members are those of the lines, gone with the last line that named it, where every figure
          of the same sources that remains says that it is not complete.
        """
        was, now = self.before.figures.get(figure), after.figures.get(figure)
        if now is None:
            code, exercice = figure
            alike = [other for other, sources in self._sources.items() if sources == self._sources.get(code)]
            left = [after.figures[other, exercice] for other in alike if (other, exercice) in after.figures]
            return bool(left) and all(other.etat != "complet" for other in left)
        return _same_number(was, now) and figure[1] != one.exercice

    def _always_told(self, one: Removal) -> bool:
        """True when something must say it even if no figure changes; a document may be one that a later one replaced."""
        by_document = self._registry.export_of(one.key).export.by_document
        return KINDS[one.kind] and (one.kind == "cellule" or not by_document)

    def _tables(self, one: Removal) -> set[str]:
        ref = self._registry.export_of(one.key)
        return {f"{ref.system.system}/{table.name}" for table in ref.export.tables}

    def _speaks_of(
        self, finding: Finding, exports: set[str], tables: set[str], systems: set[str] | None = None
    ) -> bool:
        systems = systems if systems is not None else {key.split("/")[0] for key in exports}
        return finding.ou in exports | tables or bool(systems & set(SUBJECTS.get(finding.ou, ())))
