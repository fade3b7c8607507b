"""The files of the mailbox that no export takes are findings as long as they lie there and nobody has decided."""

from pipelines.ledger.store import open_ledger
from pipelines.runs.findings import all_findings
from tests.deliveries import Depot


def test_a_file_that_no_export_takes_is_a_finding_until_it_is_removed(depot: Depot) -> None:
    depot.declare(files="export*.csv")
    depot.organise()
    depot.drop("x", "export_1.csv", exercice=2020)
    stray = depot.drop("x", "exprot_2.csv", exercice=2020)
    with open_ledger(depot.home) as ledger:
        work = depot.work(ledger)
        (one,) = [one for one in all_findings(work) if one.code == "FIC-NON-RECONNU"]
        assert (one.severity, one.exercice, one.ou, one.fichier) == ("alerte", 2020, "essai", "essai/exprot_2.csv")
        assert one.attendu == "un nom de la forme « export*.csv »"
        assert work.rules["FIC-NON-RECONNU"].a_decider
        stray.rename(stray.with_name("export_2.csv"))
        assert not [one for one in all_findings(work) if one.code == "FIC-NON-RECONNU"]


def test_one_outside_of_the_folders_of_systems_is_told_where_files_go(depot: Depot) -> None:
    depot.declare(files="export*.csv")
    depot.organise()
    for name in ("2020/export_1.csv", "2020/autre/export_1.csv"):
        path = depot.home.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    with open_ledger(depot.home) as ledger:
        told = {
            one.fichier: (one.ou, one.attendu)
            for one in all_findings(depot.work(ledger))
            if one.code == "FIC-NON-RECONNU"
        }
    expected = "un fichier dans le dossier d’un système souscrit"
    assert told == {"export_1.csv": ("landing", expected), "autre/export_1.csv": ("autre", expected)}
