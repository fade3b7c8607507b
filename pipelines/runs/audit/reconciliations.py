"""Compares recomputed figures with printed ones, and lists every other reconciliation of the warehouse."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.evidence.parquet import select
from pipelines.settings import Home

PUBLISHED = "rpt_rapprochement_publie"
# in the page's order
STATUSES = ("écart", "égal", "égal à l’arrondi imprimé", "manquant des deux côtés", "non recalculé")
# A reconciliation table is named *rapprochements and has one column of each of these.
ROLES = {
    "controle": ("controle", "code_controle"),
    "libelle": ("libelle_controle",),
    "constate": ("constate_eur", "valeur"),
    "attendu": ("attendu_eur", "valeur_attendue"),
    "ecart": ("ecart_eur", "ecart"),
}
PLACES = ("perimetre", "libelle_budget", "objet", "section", "sens_budgetaire", "code_chapitre")  # what a line is about


def reconciliations(home: Home, exercice: int) -> dict[str, Any]:
    """``{publies: {…, lignes}, autres: [{table, total, egaux, lignes}]}`` of what is published now."""
    return {"publies": _published(home, exercice), "autres": _others(home, exercice)}


def _published(home: Home, exercice: int) -> dict[str, Any]:
    path, figures = home.published / "rapport" / f"{PUBLISHED}.parquet", home.published / "rapport" / "chiffres.parquet"
    rows = _rows(path, exercice) if path.exists() else []
    known = {row["code"]: row for row in _rows(figures, exercice)} if rows else {}
    lines = []
    for row in rows:
        figure = known.get(row["code_chiffre"], {})
        lines.append(
            {
                "code": row["code_chiffre"],
                "libelle": figure.get("libelle") or row["code_chiffre"],
                "unite": figure.get("unite") or "",
                "decimales": figure.get("decimales", row["nb_decimales_publiees"]),
                "formule": figure.get("formule"),
                "recalcule": _exact(row["valeur_recalculee"]),
                "code_manquant": row["code_manquant"],
                "publie": row["texte_publie"] or _exact(row["valeur_publiee"]),
                "ecart": _exact(row["ecart"]),
                "statut": row["statut_rapprochement"],
                "remarque": row["remarque"],
            }
        )
    lines.sort(key=lambda line: (STATUSES.index(line["statut"]), line["code"]))
    counts = {status: sum(line["statut"] == status for line in lines) for status in STATUSES}
    return {"total": len(lines), "statuts": counts, "lignes": lines}


def _others(home: Home, exercice: int) -> list[dict[str, Any]]:
    found = []
    for path in sorted((home.published / "rapport").glob("rpt_*rapprochements.parquet")):
        rows = _rows(path, exercice)
        if not rows:  # nothing came for it to compare, as « Collecte » says, or nobody follows it
            continue
        lines = [
            {
                **{
                    role: _exact(next((row[name] for name in names if name in row), None))
                    for role, names in ROLES.items()
                },
                "unite": "EUR" if "ecart_eur" in row else "",
                "objet": " · ".join(str(row[name]) for name in PLACES if row.get(name) not in (None, "")),
                "est_egal": row["est_egal"],
                "severite": row.get("severite") or "alerte",
            }
            for row in rows
        ]
        lines.sort(key=lambda line: (line["est_egal"] is not False, line["controle"], line["objet"]))
        equal = sum(line["est_egal"] is True for line in lines)
        found.append({"table": path.stem, "total": len(lines), "egaux": equal, "lignes": lines})
    return found


def _rows(path: Path, exercice: int) -> list[dict[str, Any]]:
    return select(path, f"select * from {{parquet}} where exercice = {int(exercice)} order by all")


def _exact(value: Any) -> Any:
    """A decimal as text, without superfluous zeros: JSON has no exact number."""
    if not isinstance(value, Decimal):
        return value
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
