"""Compares the current state with the last frozen version, so that no proof disappears silently.

Before there is one, an exercice is compared with the catalogue as shipped: what the home replaces in it.

The differences are deliveries that were replaced, findings that disappeared, printed values that are no longer compared,
checks that were removed or loosened, and changes of the catalogue or of the organisation's declaration. Each may be right,
but someone must confirm it before the year is frozen again.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines.catalogue.diff import things_of_home
from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.load import Catalogue, suites_named
from pipelines.french import NO_BREAK, agreed, how_many
from pipelines.ledger.records import ORIGINAL, Finding
from pipelines.ledger.state import STATE, State, comparisons_of, read_state
from pipelines.ledger.workspace import Workspace
from pipelines.runs.retention import keep_until
from pipelines.runs.state import entries, facts
from pipelines.stages.transform.warehouse_findings import printed_values
from pipelines.stages.validate.declared_expectations import QUESTIONED, REFUSED

RULE, BEFORE_ANY = "REL-DIFFERENCE", "REL-CATALOGUE"
CONTRADICTED, ERASED = "PUB-ECART", "PUB-RETIRE"
SHIPPED = "catalogue livré"
CHAPTER_OFF = (
    "chapitre livré désactivé"  # the report is shorter: no figure and no proof changes, and nobody has to decide
)
# differences from a frozen version no longer matter once another version replaces it, or for the first one
OF_RELEASES = (RULE, BEFORE_ANY, ERASED, "REL-ECART")
SHOWN = 20  # differences that a finding tells: the audit page has them all
MAKERS = ("system", "model", "figure")  # kinds of things that have columns, rows or a value of their own
SEVERITIES = {"critical": "bloque", "warning": "alerte"}


@dataclass(frozen=True)
class Difference:
    """One difference from a release (in French): its kind, its subject, its values then and now, and the reason."""

    nature: str
    quoi: str
    avant: str
    apres: str
    pourquoi: str = ""

    def sentence(self) -> str:
        """``contrôle retiré : ventes/ventes, unique (bloque → rien)``."""
        because = f", {self.pourquoi}" if self.pourquoi else ""
        return f"{self.nature}{NO_BREAK}: {self.quoi} ({self.avant} → {self.apres}{because})"


# exercice → the release it is compared with, None for the shipped catalogue, and the differences
Changes = dict[int, tuple[str | None, list[Difference]]]


def reference(work: Workspace, exercice: int, before: str | None = None) -> str | None:
    """The release that an exercice is compared with: its own last one, or else the last one of the exercices before it.

    Among all of them, or only those ``before`` a release.
    """
    rows = work.ledger.all_rows("releases")
    until = next((row["seq"] for row in rows if row["release"] == before), len(rows) + 1)
    rows = [row for row in rows if row["exercice"] <= exercice and row["seq"] < until]
    own = [row for row in rows if row["exercice"] == exercice]
    latest = own or sorted(rows, key=lambda row: (row["exercice"], row["seq"]))
    return latest[-1]["release"] if latest else None


def changes_since(work: Workspace, findings: list[Finding]) -> Changes:
    """What differs from the last frozen versions; ``findings`` are all the current ones."""
    references = {year: reference(work, year) for year in work.organisation.years}
    releases = {year: name for year, name in references.items() if name}
    ours = list(since_shipped(work.catalogue))
    found: Changes = {year: (None, ours) for year in references if year not in releases}
    build = work.ledger.last_build()
    if not releases or build is None:
        return found
    today = json.loads(json.dumps(facts(work, build["build"], findings), default=str))  # in the form a state keeps it
    today["comparisons"] = comparisons_of(work.home.warehouse) if work.home.warehouse.exists() else []
    for year, name in releases.items():
        if (work.home.releases / name / STATE).exists():
            then = read_state(work.home.releases / name)
            found[year] = (name, list(_differences(then, today, year, work)))
    return found


def changes_of(work: Workspace, release: str, exercice: int) -> tuple[str | None, list[Difference]] | None:
    """The release before ``release``, and what differs between the two; for the first, what differs from the shipped
    catalogue."""
    former = reference(work, exercice, release)
    if former is None:
        return None, list(since_shipped(work.catalogue))
    if not (work.home.releases / former / STATE).exists():
        return None
    then, now = (read_state(work.home.releases / name) for name in (former, release))
    return former, list(_differences(then, now, exercice, work))


def change_findings(work: Workspace, changes: Changes) -> list[Finding]:
    """One finding for each exercice that differs from the version it is compared with, and one for all exercices that
    have no version: it waits for a decision.
    """
    found = {
        (0, SHIPPED) if name is None else (year, name): waiting
        for year, (name, differences) in changes.items()
        if (waiting := [one for one in differences if one.nature != CHAPTER_OFF])
    }
    findings = []
    for (year, name), differences in sorted(found.items()):
        rule, count = work.rules[BEFORE_ANY if name == SHIPPED else RULE], Decimal(len(differences))
        about = f"{count} {agreed('différences', count)} avec {'le ' * (name == SHIPPED)}{name}"
        said = [one.sentence() for one in differences]
        findings.append(Finding.of(rule, year, name, about, recu=_abridged(said), ecart=fingerprint(said)[:12]))
    return findings


def _abridged(said: list[str]) -> str:
    more = f"{NO_BREAK}; et {how_many(len(said) - SHOWN, 'autre|autres')}" if len(said) > SHOWN else ""
    return "; ".join(said[:SHOWN]) + more


def erased_findings(work: Workspace, changes: Changes) -> list[Finding]:
    """One finding per contradiction with a printed value that is gone, or says something else, in a year that is not
    frozen: for a frozen one, the difference between two states says it. The ledger keeps what each build found.
    """
    rule, warehouse = work.rules[ERASED], work.home.warehouse
    open_years = {year for year, (name, _) in changes.items() if name is None}
    contradicted: dict[tuple[int, str], str] = {}  # the first time
    for row in work.ledger.all_rows("findings"):
        then = row["content"]
        if then["code"] == CONTRADICTED and then["exercice"] in open_years:
            contradicted.setdefault((then["exercice"], then["ou"]), then.get("recu") or "")
    if not contradicted or not rule.is_on or not warehouse.exists():
        return []
    now = printed_values(warehouse, work.rules)
    return [
        Finding.of(rule, *place, place[1], printed, said, ecart=said)
        for place, printed in contradicted.items()
        if (said := now.get(place, "rien")) != printed
    ]


def since_shipped(catalogue: Catalogue) -> Iterator[Difference]:
    """What the home replaces or switches off in what is shipped, place by place; its additions remove nothing, except
    for what they say about shipped columns, tables and figures.
    """
    own = {thing.name for kind, thing, shipped in things_of_home(catalogue) if shipped is None and kind in MAKERS}
    for kind, thing, shipped in things_of_home(catalogue):
        if not thing.enabled:
            before = shipped.identity[:12] if shipped else "—"
            nature = CHAPTER_OFF if kind == "chapter" else "déclaration livrée désactivée"
            yield Difference(nature, thing.said, before, "rien")
        elif shipped:
            yield from _said_otherwise(thing.said, shipped.data, thing.data)
        elif _speaks_of_shipped(kind, thing.name, own):
            yield Difference("déclaration ajoutée à ce qui est livré", thing.said, "rien", thing.identity[:12])
    yield from _over_shapes(catalogue)


def _speaks_of_shipped(kind: str, name: str, own: set[str]) -> bool:
    """True for the home's additions about a table, column or figure that is not among its ``own``: meaning and secrecy."""
    table, dot, _ = name.partition(".")
    if kind == "field":
        return bool(dot) and not {table, table.partition("__")[0]} & own
    return kind.startswith("secrecy") and name not in own


def _over_shapes(catalogue: Catalogue) -> Iterator[Difference]:
    """The checks of a shape that are changed by the home's suite for a table, when that suite replaces no other."""
    suites = catalogue.suites
    for ref in catalogue.registry.exports():
        for table in ref.export.tables:
            own, *shapes = suites_named(ref.system.system, table)
            if own not in suites or own in suites.replaced or not catalogue.is_own(suites[own].path):
                continue
            for shape in (name for name in shapes if name in suites):
                before, after = (
                    {one["key"]: one for one in suites[name].data.get("expectations") or []} for name in (shape, own)
                )
                for key in sorted(before.keys() & after.keys()):
                    yield from _said_otherwise(f"{suites[own].said}, {key}", before[key], after[key])


def _said_otherwise(what: str, shipped: Any, own: Any) -> Iterator[Difference]:
    """The places where two declarations differ; two SQL files are compared by their fingerprints."""
    before, after = dict(entries(shipped)), dict(entries(own))
    if isinstance(own, str) and before != after:
        before, after = ({"": fingerprint(one)[:12]} for one in (shipped, own))
    for place, said, says in _changed(before, after):
        yield Difference("déclaration livrée modifiée", ", ".join(filter(None, (what, place))), said, says)


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(place, value then, value now) of each place where two declarations differ."""
    for place in sorted({*before, *after}):
        if before.get(place) != after.get(place):
            yield place, before.get(place, "rien"), after.get(place, "rien")


def _differences(then: State, today: State, exercice: int, work: Workspace) -> Iterator[Difference]:
    if (said := then["catalogue"]) != (says := today["catalogue"]):
        yield Difference("catalogue modifié", "déclarations en vigueur", said[:12], says[:12])
    yield from _declarations(then, today)
    if (said := then["engine"]) != (says := today["engine"]):
        yield Difference("programme modifié", "code et dépendances", said[:12], says[:12])
    if (said := then["organisation"]["declaration"]) != (says := today["organisation"]["declaration"]):
        yield Difference("organisation modifiée", "organisation.yml", said[:12], says[:12])
    for change in _changed(then["organisation"]["entries"], today["organisation"]["entries"]):
        yield Difference("organisation modifiée", *change)
    if then["exercice"] == exercice:
        before, after = (
            {
                f"{one['system']}/{one['export']}": one["delivery"][:12]
                for one in state["deliveries"]
                if one["exercice"] == exercice
            }
            for state in (then, today)
        )
        replaced = [Difference("livraison remplacée", *change) for change in _changed(before, after)]
        yield from replaced
        yield from _comparisons(then, today, exercice)
        yield from _purged(exercice, work)
        yield from _vanished(then, today, exercice, {one.quoi for one in replaced}, work)
    yield from _checks(then, today, exercice)
    yield from _tests(then, today)


def _declarations(then: State, today: State) -> Iterator[Difference]:
    """The declarations that were removed or changed; additions do not count."""
    after = today["declarations"]
    for name, said in sorted(then["declarations"].items()):
        if name not in after:
            yield Difference("déclaration retirée", name, said[:12], "rien")
        elif after[name] != said:
            yield Difference("déclaration modifiée", name, said[:12], after[name][:12])


def _purged(exercice: int, work: Workspace) -> Iterator[Difference]:
    """The originals that were removed when another declaration required it, or none did: today's keeps them longer."""
    exports = {ref.key: ref for ref in work.registry.exports()}
    for row in work.ledger.all_rows("removals"):
        if row["rule"] != ORIGINAL:
            continue
        ref = exports.get(row["export"]) if row["exercice"] == exercice else None
        if ref and (until := keep_until(ref, exercice)) > (row["kept_until"] or ""):
            what, said = f"{row['export']}, {row['subject'][:12]}", row["kept_until"] or "sans terme"
            yield Difference("original retiré avant son terme", what, f"à garder jusqu’au {until}", said)


def _comparisons(then: State, today: State, exercice: int) -> Iterator[Difference]:
    before, after = (
        {one["code"]: one for one in state["comparisons"] if one["exercice"] == exercice} for state in (then, today)
    )
    for code, one in before.items():
        other = after.get(code)
        if other is None:
            yield Difference("valeur imprimée retirée", code, str(one["printed"]), "rien")
        elif other["printed"] != one["printed"]:
            yield Difference("valeur imprimée modifiée", code, str(one["printed"]), str(other["printed"]))


def _vanished(then: State, today: State, exercice: int, replaced: set[str], work: Workspace) -> Iterator[Difference]:
    standing = {one["finding"] for one in today["findings"]}
    for one in then["findings"]:
        if one["exercice"] in (exercice, 0) and one["finding"] not in standing and one["code"] not in OF_RELEASES:
            rule, system, why = work.rules.get(one["code"]), one["ou"].partition("/")[0], "il n’est plus constaté"
            if rule is None or not rule.is_on:
                why = "sa règle n’est plus en vigueur"
            elif any(export.partition("/")[0] == system for export in replaced):
                why = f"une livraison de {system} est remplacée"
            yield Difference("constat disparu", f"{one['code']} {one['ou']}", one["severity"], "rien", why)


def _checks(then: State, today: State, exercice: int) -> Iterator[Difference]:
    """Against another exercice's version, only what does not depend on the exercice is compared."""
    same_year = then["exercice"] == exercice
    before, after = _checks_of(then, then["exercice"]), _checks_of(today, exercice)
    tables = {(export, table) for export, table, _ in after}
    for (export, table, key), one in sorted(before.items()):
        place, other = f"{export} {table}, {key}", after.get((export, table, key))
        if other is None and (export, table) in tables and (same_year or key not in (QUESTIONED[0], REFUSED[0])):
            yield Difference("contrôle retiré", place, SEVERITIES[one["severity"]], "rien")
        elif other and one["severity"] == "critical" != other["severity"]:
            yield Difference("contrôle affaibli", place, "bloque", "alerte")
        elif other and same_year and None not in (one["arguments"], other["arguments"]):
            if (said := _text(one["arguments"])) != (says := _text(other["arguments"])):
                yield Difference("seuil modifié", place, said, says)


def _checks_of(state: State, exercice: int) -> dict[tuple[str, str, str], dict[str, Any]]:
    tables = [table for table in state["checks"] if table["exercice"] == exercice]
    return {(one["export"], one["table"], check["key"]): check for one in tables for check in one["checks"]}


def _text(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(arguments.items()))


def _tests(then: State, today: State) -> Iterator[Difference]:
    before, after = ({one["name"] for one in state["tests"] if one["kind"] == "test"} for state in (then, today))
    for name in sorted(before - after):
        yield Difference("règle de l’entrepôt retirée", name, "vérifiée", "rien")
