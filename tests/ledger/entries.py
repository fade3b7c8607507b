"""Makes entries in a ledger for tests, and reads them."""

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.ledger.chain import Head
from pipelines.ledger.records import CheckResult, DeliveredFile, Finding, Manifest, TableCounts, Verdict
from pipelines.ledger.store import Ledger, open_ledger
from pipelines.settings import Home
from tests.layers import rules


def manifest(name: str, exercice: int = 2020, sha: str | None = None, export: str = "export") -> Manifest:
    counts = TableCounts(4, 2, 1, 1, f"essai/lignes/{exercice}/{name}.parquet", "s", [{"ok": True}])
    return Manifest(name, "essai", export, exercice, [DeliveredFile("f.csv", sha or name * 8, 10)], {"lignes": counts})


def verdict(delivery: str, suite: str = "suite", success: bool | None = True) -> Verdict:
    result = CheckResult("k", "t", "c", "critical", success, "3", 1, "raison", "aide")
    return Verdict(f"{delivery}-{suite}", delivery, "lignes", suite, [result])


def accept(ledger: Ledger, one: Manifest, suite: str = "suite") -> bool:
    ledger.record_delivery(one)
    judged = verdict(one.delivery, suite)
    ledger.record_verdict(judged)
    return ledger.record_acceptance(one, [judged])


def refuse(ledger: Ledger, code: str = "FIC-VIDE", name: str = "f.csv", exercice: int = 2020) -> None:
    rule = DeliveryRefused(code, fichier=name).as_dict(rules())
    ledger.record_refusal("essai/export", exercice, [{"name": name, "sha256": "x"}], rule)


def rows(ledger: Ledger) -> dict[str, list[dict]]:
    return {name: ledger.all_rows(name) for name in ledger.tables}


def current(ledger: Ledger) -> dict:
    return {key: value.manifest.delivery for key, value in ledger.current().items()}


def fill(home: Home) -> Head:
    """A ledger with entries in most tables; its head."""
    with open_ledger(home) as ledger:
        for name in "abcd":
            accept(ledger, manifest(name))
            refuse(ledger, name=name)
            ledger.record_build(name, True, [name], [])
            ledger.record_findings(name, [Finding("PUB-ECART", "alerte", 2020, name, f"constat de {name}")])
            ledger.record_publication(name * 2, name, name * 64)
        return ledger.head()
