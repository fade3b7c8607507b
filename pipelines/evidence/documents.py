"""Predicts which documents of a delivery the models will leave out, for exports whose documents count whole or not at all.

The models decide (``int_finances__documents``); for ``millesime check``, this module applies the same rules to files that
are not yet in a warehouse.
"""

import csv

from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.sources import ExportRef
from pipelines.evidence.findings import refused_lines
from pipelines.evidence.parquet import select
from pipelines.ledger.records import Finding, Manifest
from pipelines.ledger.workspace import Workspace

PLANS = "plan_comptes_chapitres"


def documents_set_aside(work: Workspace, ref: ExportRef, manifest: Manifest) -> list[Finding]:
    """One finding per document, or file with a refused line, that no figure would include; none for other exports."""
    if not ref.export.by_document:
        return []
    found = []
    for fichier in dict.fromkeys(row["fichier"] for row in refused_lines(work.home, manifest)):
        found.append(_finding(work, manifest, "FIN-ILLISIBLE", "un document dont chaque ligne se lit", None, fichier))
    documents = select(
        work.home.lake / manifest.tables["documents"].parquet,
        "select _fichier as fichier, _ligne as ligne, siret, exercice_document, coalesce(est_projet, false) as est_projet, "
        "upper(regexp_replace(trim(nomenclature), '^.*-', '')) as plan "
        "from {lake} order by all",
    )
    known = _families(work.catalogue)
    for one in documents:
        place = (one["fichier"], one["ligne"])
        if not one["siret"].startswith(siren := work.organisation.siren):
            found.append(_finding(work, manifest, "FIN-ORGANISME", f"un SIRET du SIREN {siren}", one["siret"], *place))
        elif one["exercice_document"] != manifest.exercice:
            expected = f"un document de l’exercice {manifest.exercice}"
            found.append(_finding(work, manifest, "FIN-EXERCICE", expected, str(one["exercice_document"]), *place))
        elif one["plan"].partition("_")[0] not in known:
            expected = "une nomenclature dont le plan de comptes est connu"
            found.append(_finding(work, manifest, "FIN-NOMENCLATURE", expected, one["plan"], *place))
        elif one["est_projet"]:
            expected = "un document voté (élément ProjetBudget à « false »)"
            received = "un projet, tenu à l’écart tant que personne n’en décide"
            found.append(_finding(work, manifest, "FIN-PROJET", expected, received, *place))
    return found


def _finding(
    work: Workspace,
    manifest: Manifest,
    code: str,
    expected: str,
    received: str | None,
    fichier: str,
    ligne: int | None = None,
) -> Finding:
    rule = work.rules[code]
    return Finding(
        code,
        "alerte",
        manifest.exercice,
        manifest.export_key,
        f"{rule.titre} : {fichier}",
        attendu=expected,
        recu=received or "",
        aide=rule.aide,
        fichier=fichier,
        ligne=ligne,
    )


def _families(catalogue: Catalogue) -> set[str]:
    """The nomenclatures for which a chart of accounts is known: ``M14``, ``M57``…"""
    families: set[str] = set()
    for path, reference in catalogue.references.items():
        if reference.table == PLANS:
            with path.open(encoding="utf-8", newline="") as file:
                families |= {
                    form.partition("_")[0] for row in csv.DictReader(file) for form in row["declinaisons"].split()
                }
    return families
