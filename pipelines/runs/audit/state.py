"""Builds the state of one exercice: plain data, in the order of the page, for both the page and its JSON.

    {page, organisation, exercice, etabli_le, construction, publication, version_code, verdict, cles, collecte, controles,
     annees, entrepot, rapprochements, constats, echantillon, versions, reproduire}

Dates are ISO (moments in UTC), exact numbers are text. It contains no personal value, because nothing that it copies
does.
"""

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines import settings
from pipelines.catalogue.fingerprint import engine_version
from pipelines.catalogue.sources import ExportRef
from pipelines.disk import sha256_of
from pipelines.evidence.arrivals import Arrivals
from pipelines.evidence.findings import of_year, stops_a_release
from pipelines.evidence.gaps import NOT_APPLICABLE, arrivals_of
from pipelines.evidence.published import failed_build, publication_status, published_figures
from pipelines.evidence.verify import Verification, verify
from pipelines.ledger.frozen import last_release
from pipelines.ledger.records import SETTLED, Standing
from pipelines.ledger.store import Ledger, now
from pipelines.ledger.workspace import Workspace
from pipelines.publication import EDITIONS
from pipelines.runs.audit.controls import controls, warehouse_tests
from pipelines.runs.audit.reconciliations import reconciliations
from pipelines.runs.audit.sampling import SIZE, Sample, default_seed, sample
from pipelines.runs.audit.verdict import key_figures, verdict
from pipelines.runs.changes import Changes, changes_of
from pipelines.runs.findings import findings_and_changes
from pipelines.settings import Home
from pipelines.sql import parquet_scan
from pipelines.stages.publish.erratum import erratum
from pipelines.stages.publish.release import FIGURES, changes, changes_between

TITLE = "État de la collecte et de la qualité"
STATES = {
    "received": "reçu",
    "refused": "refusé",
    "waiting": "déposé",
    "declared absent": "déclaré absent",
    "late": "manque",
    "awaited": "attendu",
    "not sent": "facultatif",
}
TO_MEND = {"refusé": 0, "manque": 1}  # shown first; the rest in order of declaration


@dataclass(frozen=True)
class Known:
    """Data that are the same for every exercice of a home, collected once."""

    work: Workspace
    standing: list[Standing]
    verification: Verification
    changes: Changes  # since the last frozen version, per exercice
    moment: str  # UTC

    @cached_property
    def arrivals(self) -> dict[int, Arrivals]:
        """What came, per exercice, from the ledger alone: the mailbox is not evidence."""
        return {
            year: arrivals_of(self.work, year, today=self.moment[:10], landed={})
            for year in self.work.organisation.years
        }

    @cached_property
    def checks(self) -> dict[int, dict[str, Any]]:
        """What ``controls`` finds, per exercice."""
        return {year: controls(arrivals, self.work.exports(year)) for year, arrivals in self.arrivals.items()}


def look(work: Workspace) -> Known:
    """Collect the data common to all pages; this reads every kept file once, to verify it."""
    moment = now()
    findings, changes = findings_and_changes(work)
    verification = verify(work.home, work.ledger, is_thorough=False)
    return Known(work, work.ledger.standing(findings), verification, changes, moment)


def state(
    known: Known,
    exercice: int,
    *,
    seed: int | None = None,
    size: int = SIZE,
    former: Sample | None = None,
    release: str | None = None,
) -> dict[str, Any]:
    """The state of ``exercice``; ``former``, a sample drawn before, avoids drawing the same one again.

    The ledger head that it prints is the one ``release`` reached, or else the last publication.
    """
    work, home, ledger, organisation = known.work, known.work.home, known.work.ledger, known.work.organisation
    seed = default_seed(exercice) if seed is None else seed
    content = {
        "page": TITLE,
        "organisation": {
            "nom": organisation.nom,
            "sigle": organisation.sigle,
            "demonstration": organisation.demonstration,
        },
        "exercice": exercice,
        "etabli_le": known.moment,
        "version_code": engine_version(),
        "version_catalogue": work.catalogue.fingerprint,
        "documentation_dbt": (home.docs / "dbt.html").exists(),
        "construction": _build(ledger),
        "publication": _publication(ledger),
        "collecte": _collection(ledger, known.arrivals[exercice], work.exports(exercice)),
        "controles": known.checks[exercice],
        "annees": [
            {"exercice": year, **{name: checks[name] for name in ("total", "reussis", "dimensions")}}
            for year, checks in known.checks.items()
            if year <= exercice
        ],
        "entrepot": warehouse_tests(ledger),
        "rapprochements": reconciliations(home, exercice),
        "constats": _findings(known, exercice),
        "chiffres": _figures(known, exercice),
        "echantillon": sample(home, ledger, work.registry, exercice, seed, size, former),
        "versions": _versions(home, ledger, exercice),
        "transmission": _transmission(work, exercice),
        "changements": _changes(known, exercice, release),
        "reproduire": _reproduce(known, exercice, seed, size, release),
    }
    return {**content, "verdict": verdict(content), "cles": key_figures(content)}


def _collection(ledger: Ledger, arrivals: Arrivals, refs: list[ExportRef]) -> dict[str, Any]:
    """``{attendus, recus, lignes, exports}``; an export that nobody has to send counts as expected once it has come."""
    received = {row["delivery"]: row["received_at"] for row in ledger.all_rows("deliveries")}
    exports = [_export(arrivals, ref, received) for ref in refs]
    exports.sort(key=lambda export: TO_MEND.get(export["etat"], len(TO_MEND)))
    expected = [export for export in exports if export["etat"] not in ("facultatif", "déclaré absent")]
    counted = [export["lignes"] for export in exports if export["lignes"]]
    names = ("lues", "acceptees", "refusees", "ignorees")
    return {
        "attendus": len(expected),
        "recus": sum(export["compte"] for export in expected),
        "lignes": {name: sum(lines[name] for lines in counted) for name in names},
        "exports": exports,
    }


def _export(arrivals: Arrivals, ref: ExportRef, received: dict[str, str]) -> dict[str, Any]:
    """Who was to send an export, what came, when, and with which fingerprint."""
    status, current, refusal = arrivals.export(ref), arrivals.current.get(ref.key), arrivals.standing_refusal(ref)
    files = [{"nom": f.name, "sha256": f.sha256} for f in current.manifest.files] if current else []
    refused = refusal and {
        "le": refusal["refused_at"],
        "code": refusal["rule"]["code"],
        "titre": refusal["rule"]["titre"],
        "fichiers": [{"nom": file["name"], "sha256": file["sha256"]} for file in refusal["files"]],
    }
    return {
        "export": ref.key,
        "titre": ref.export.title,
        "systeme": ref.system.title,
        "proprietaire": ref.owner,
        "echeance": status.due,
        "etat": STATES[status.state],
        "compte": status.counts,
        "motif": status.reason,
        "recu_le": received[current.manifest.delivery] if current else None,
        "lignes": vars(status.lines) if status.lines else None,
        "fichiers": files,
        "livraison": current.manifest.delivery if current else None,
        "refus": refused,
    }


def _build(ledger: Ledger) -> dict[str, Any] | None:
    build = ledger.last_build()
    if build is None:
        return None
    return {
        "id": build["build"],
        "le": build["built_at"],
        "reussie": build["succeeded"],
        "livraisons": len(build["deliveries"]),
        "en_cause": failed_build(ledger),
    }


def _publication(ledger: Ledger) -> dict[str, Any] | None:
    status = publication_status(ledger)
    if status is None:
        return None
    return {
        "id": status.publication,
        "le": status.published_at,
        "construction": status.build,
        "en_retard": status.behind,
    }


def _figures(known: Known, exercice: int) -> dict[str, Any] | None:
    """How many figures are published, missing, partial, and the same as in the current release.

    A figure that would change with what is now accepted is not unchanged, even if what is published is.
    """
    home, ledger = known.work.home, known.work.ledger
    rows = published_figures(home, exercice)
    if rows is None:
        return None
    release = last_release(home, ledger, exercice)
    counts = {
        "total": len(rows),
        "manquants": sum(row["code_manquant"] not in (None, NOT_APPLICABLE) for row in rows),
        "sans_objet": sum(row["code_manquant"] == NOT_APPLICABLE for row in rows),
        "partiels": sum(row.get("etat") == "partiel" for row in rows),
        "version": release.name if release else None,
        "inchanges": None,
    }
    if release:
        here = parquet_scan(home.published / "rapport" / "chiffres.parquet")
        frozen = changes(parquet_scan(release / FIGURES), here, exercice)
        changing = [one.finding for one in known.standing if one.finding.code == "REL-ECART"]
        differing = {change.code for change in frozen} | {one.ou for one in changing if one.exercice == exercice}
        counts["inchanges"] = sum(row["code"] not in differing for row in rows)
    return counts


def _findings(known: Known, exercice: int) -> list[dict[str, Any]]:
    """Those that block the year first, then the open ones, then the accepted ones; each with its decision."""
    today, found = known.moment[:10], []
    for one in of_year(known.standing, known.work.registry, exercice, today):
        content = asdict(one.finding)
        found.append(
            {
                "constat": one.finding.id,
                "severite": content.pop("severity"),
                **content,
                "depuis": one.since,
                "etat": one.state(today),
                "arrete": stops_a_release(one, known.work.rules) and one.is_open(today),
                "decision": asdict(one.decision) if one.decision else None,
            }
        )
    return sorted(found, key=lambda one: (one["etat"] in SETTLED, not one["arrete"]))


def _versions(home: Home, ledger: Ledger, exercice: int) -> list[dict[str, Any]]:
    """Every release of the year, oldest first, with what it changed from the previous one."""
    rows = [row for row in ledger.all_rows("releases") if row["exercice"] == exercice]
    found: list[dict[str, Any]] = []
    before: Path | None = None
    for row in rows:
        folder = home.releases / row["release"]
        changed = changes_between(before, folder, exercice) if before else []
        found.append(
            {
                "version": row["release"],
                "empreinte": row["fingerprint"],
                "construction": row["build"],
                "figee_le": row["released_at"],
                **row["visas"],
                "motif": row["reason"],
                "registre": asdict(ledger.head_at("releases", row["seq"])),
                "modifies": [
                    {
                        "code": change.code,
                        "libelle": change.libelle,
                        "avant": change.printed(change.before),
                        "apres": change.printed(change.after),
                    }
                    for change in changed
                ],
                "erratum": erratum(exercice, before.name, row["release"], row["reason"], changed) if before else None,
            }
        )
        before = folder
    return found


def _transmission(work: Workspace, exercice: int) -> dict[str, Any] | None:
    """The sendings of the report to each member (CGCT, art. L. 5211-39), and its deadline; None without members."""
    if not work.organisation.collectivites:
        return None
    sent = [row for row in work.ledger.all_rows("sendings") if row["exercice"] == exercice]
    return {
        "echeance": f"{exercice + 1}-09-30",
        "envois": [
            {
                "version": row["release"],
                "edition": EDITIONS[row["profile"]],
                "le": row["sent_on"],
                "voie": row["sent_by"],
                "destinataires": list(row["recipients"].values()),
                "fichiers": len(row["files"]),
                "enregistre_le": row["entered_at"],
            }
            for row in sent
        ],
    }


def _changes(known: Known, exercice: int, release: str | None) -> dict[str, Any] | None:
    """What differs from the last frozen version (for ``release``, from the one before it); before there is one, from
    the shipped catalogue (``version`` is None).
    """
    found = changes_of(known.work, release, exercice) if release else known.changes.get(exercice)
    if found is None:
        return None
    name, differences = found
    return {"version": name, "differences": [asdict(one) for one in differences]}


def _reproduce(known: Known, exercice: int, seed: int, size: int, name: str | None) -> dict[str, Any]:
    """The ledger head is the one that release ``name`` reached, or else the last publication; before there is one, the
    ledger's current head."""
    ledger, table = known.work.ledger, "releases" if name else "publications"
    rows = [row["seq"] for row in ledger.all_rows(table) if name in (None, row.get("release"))]
    head = ledger.head_at(table, rows[-1]) if rows else ledger.head()
    release = last_release(known.work.home, ledger, exercice)
    commands = [
        {
            "commande": "millesime verify",
            "sert": "vérifier que rien de ce qui est enregistré ou conservé n’a été modifié",
        },
        {"commande": f"millesime audit {exercice} --seed {seed} --sample {size}", "sert": "tirer à nouveau ces lignes"},
        {"commande": f"millesime findings {exercice}", "sert": "lister les constats et leurs décisions"},
        {"commande": f"millesime trace CHIFFRE {exercice}", "sert": "aller d’un chiffre aux lignes des exports"},
    ]
    if release:
        replay = f"millesime replay {release.name}"
        commands.append({"commande": replay, "sert": "refaire la version figée et comparer les octets"})
    return {
        "commandes": commands,
        "version": name,
        "registre": {"ecritures": head.entries, "empreinte": head.hash},
        "dependances_sha256": sha256_of(settings.shipped() / "requirements.lock"),
        "verification": {
            "le": known.moment,
            "controle": known.verification.checked,
            "anomalies": known.verification.problems,
            "dates": known.verification.dated_back,
        },
    }
