"""Gathers every finding of a home from the ledger and the lake, in one stable order.

Refused deliveries, refused lines, failed expectations, missing exports and what the last build found. It writes
nothing: ``audit.constats``, ``sicio status`` and the orchestrator's checks are copies of this list.
"""

from pathlib import Path

from pipelines import settings
from pipelines.evidence.arrivals import Arrivals
from pipelines.evidence.gaps import declared_absences, figures_by_table
from pipelines.evidence.parquet import select
from pipelines.figures.load import load_figures
from pipelines.ledger.checks import check_finding
from pipelines.ledger.records import Finding, Manifest, Standing
from pipelines.ledger.store import Ledger
from pipelines.rules import RULES
from pipelines.settings import Home
from pipelines.sources.organisation import Organisation
from pipelines.sources.registry import Registry

END_OF_TIME = "9999-12-31"


def gather(home: Home, ledger: Ledger, registry: Registry, organisation: Organisation) -> list[Finding]:
    """Every finding that stands now, the blocking ones first."""
    found = [
        *_collection(home, ledger, registry, organisation),
        *_judgements(ledger, organisation),
        *_refused_lines(home, ledger, organisation),
        *_last_build(ledger),
        *_last_publication(ledger),
    ]
    rank = {"bloquant": 0, "alerte": 1, "information": 2}
    return sorted(found, key=lambda f: (rank[f.severity], f.exercice, f.code, f.ou, f.fichier or "", f.ligne or 0))


def of_year(standing: list[Standing], registry: Registry, exercice: int, today: str) -> list[Standing]:
    """Those of one exercice, or of all; an export that may still come on ``today`` (ISO date) is not one yet.

    What is gathered does not know the date, so that what is published keeps its bytes.
    """
    return [
        one
        for one in standing
        if one.finding.exercice in (exercice, 0)
        and not (
            one.finding.code == "COL-MANQUANT" and registry.export_of(one.finding.ou).due(one.finding.exercice) >= today
        )
    ]


def stops_a_release(one: Standing) -> bool:
    """True for what a year cannot be frozen with; that it differs from its former release is what a release is for."""
    return one.finding.code != "REL-ECART" and (one.finding.severity == "bloquant" or RULES[one.finding.code].a_decider)


def _collection(home: Home, ledger: Ledger, registry: Registry, organisation: Organisation) -> list[Finding]:
    """Refused and missing exports; what is missing is so whatever the date, so that a copy keeps its bytes."""
    figures, found = load_figures(settings.FIGURES_DIR, registry), []
    for exercice in organisation.years:
        arrivals = Arrivals(
            ledger,
            exercice,
            today=END_OF_TIME,
            landed={},
            absences=declared_absences(home, ledger, exercice),
            needed=figures_by_table(figures, organisation, exercice),
        )
        for ref in organisation.exports(registry, exercice):
            status = arrivals.export(ref)
            if status.state == "refused":
                found += _refused(ledger, ref.key, exercice)
            elif status.state == "late":
                found.append(_missing(ref.key, exercice, ref.owner, ref.due(exercice)))
    return found


def _refused(ledger: Ledger, key: str, exercice: int) -> list[Finding]:
    """One finding for each check that stopped a delivery, or for the rule that refused it as a whole."""
    refusal = ledger.last_refusal(key, exercice)
    manifest = ledger.delivery(refusal["delivery"]) if refusal["delivery"] else None
    if manifest is None or refusal["rule"]["code"] not in ("ATT-CRITIQUE", "ATT-ERREUR"):
        return [_refusal(key, exercice, refusal["rule"])]
    return [
        check_finding(manifest, verdict, result)
        for verdict in ledger.verdicts_of(manifest.delivery)
        for result in verdict.results
        if result.blocks
    ]


def _refusal(key: str, exercice: int, rule: dict) -> Finding:
    return Finding(
        rule["code"],
        "bloquant",
        exercice,
        key,
        f"Livraison refusée : {rule['titre']}",
        rule["attendu"],
        rule["recu"],
        None,
        rule["aide"],
        rule["fichier"] or None,
        rule["ligne"],
    )


def _missing(key: str, exercice: int, owner: str, due: str) -> Finding:
    rule = RULES["COL-MANQUANT"]
    return Finding(
        "COL-MANQUANT",
        "bloquant",
        exercice,
        key,
        f"{rule.titre} : {key} ({owner})",
        f"un export avant le {due}",
        aide=rule.aide,
    )


def _judgements(ledger: Ledger, organisation: Organisation) -> list[Finding]:
    found = []
    for (_, exercice), current in sorted(ledger.current().items()):
        for identity in current.verdicts if exercice in organisation.years else []:
            verdict = ledger.verdict(identity)
            results = [r for r in verdict.results if r.success is not True]
            found += [check_finding(current.manifest, verdict, result) for result in results]
    return found


def _refused_lines(home: Home, ledger: Ledger, organisation: Organisation) -> list[Finding]:
    found = []
    for (_, exercice), current in sorted(ledger.current().items()):
        if exercice in organisation.years:
            for row in refused_lines(home, current.manifest):
                found.append(refused_line(current.manifest, row))
    return found


def refused_lines(home: Home, manifest: Manifest) -> list[dict]:
    """The reasons of refusal of a delivery: systeme, table, fichier, ligne, colonne, position, regle, attendu, recu."""
    rows = []
    for name, counts in manifest.tables.items():
        if counts.refusees:
            found = select(
                Path(home.lake / counts.parquet).with_suffix(".refus.parquet"),
                "select _fichier as fichier, _ligne as ligne, colonne, position, regle, attendu, recu from {parquet} "
                "order by all",
            )
            rows += [{"systeme": manifest.system, "table": name, **row} for row in found]
    return rows


def refused_line(manifest: Manifest, row: dict) -> Finding:
    """One reason of refusal, as ``refused_lines`` gives it."""
    rule = RULES[row["regle"]]
    column = f", colonne « {row['colonne']} »" if row["colonne"] else ""
    return Finding(
        rule.code,
        "alerte",
        manifest.exercice,
        f"{row['systeme']}/{row['table']}",
        f"Ligne refusée : {rule.titre}{column}",
        row["attendu"],
        row["recu"],
        None,
        rule.aide,
        row["fichier"],
        row["ligne"],
        row["colonne"],
    )


def _last_build(ledger: Ledger) -> list[Finding]:
    build = ledger.last_build()
    if build is None:
        return []
    released = {row["exercice"] for row in ledger.all_rows("releases") if row["build"] == build["build"]}
    found = ledger.findings_of(build["build"])
    return [f for f in found if not (f.code == "REL-ECART" and f.exercice in released)]


def _last_publication(ledger: Ledger) -> list[Finding]:
    publication = ledger.last_publication()
    return ledger.findings_of(publication["publication"]) if publication else []
