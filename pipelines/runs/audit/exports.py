"""Lists the exports: who was to send them, what came, when, and with which fingerprint."""

from typing import Any

from pipelines.catalogue.sources import ExportRef
from pipelines.evidence.arrivals import Arrivals, ExportStatus
from pipelines.ledger.store import Ledger

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


def collection(ledger: Ledger, arrivals: Arrivals, refs: list[ExportRef]) -> dict[str, Any]:
    """``{attendus, recus, lignes, exports}``; an export that nobody has to send counts as expected once it has come."""
    received = {row["delivery"]: row["received_at"] for row in ledger.all_rows("deliveries")}
    exports = [_export(arrivals, ref, arrivals.export(ref), received) for ref in refs]
    exports.sort(key=lambda export: TO_MEND.get(export["etat"], len(TO_MEND)))
    expected = [export for export in exports if export["etat"] not in ("facultatif", "déclaré absent")]
    counted = [export["lignes"] for export in exports if export["lignes"]]
    return {
        "attendus": len(expected),
        "recus": sum(export["compte"] for export in expected),
        "lignes": {
            name: sum(lines[name] for lines in counted) for name in ("lues", "acceptees", "refusees", "ignorees")
        },
        "exports": exports,
    }


def _export(arrivals: Arrivals, ref: ExportRef, status: ExportStatus, received: dict[str, str]) -> dict[str, Any]:
    current, refusal = arrivals.current.get(ref.key), arrivals.standing_refusal(ref)
    files = [{"nom": f.name, "sha256": f.sha256} for f in current.manifest.files] if current else []
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
        "refus": _refused(refusal) if refusal else None,
    }


def _refused(refusal: dict[str, Any]) -> dict[str, Any]:
    return {
        "le": refusal["refused_at"],
        "code": refusal["rule"]["code"],
        "titre": refusal["rule"]["titre"],
        "fichiers": [{"nom": file["name"], "sha256": file["sha256"]} for file in refusal["files"]],
    }
