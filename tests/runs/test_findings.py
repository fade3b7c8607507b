"""The files of the mailbox that no export takes are findings while they are there, until somebody decides."""

import re
from dataclasses import replace

import pytest

from pipelines.catalogue.organisation import Collectivite
from pipelines.disk import sha256_of
from pipelines.ledger.store import open_ledger
from pipelines.runs.findings import all_findings, findings_of_the_day
from pipelines.runs.unclaimed import unclaimed
from pipelines.stages.ingest.landing import files_of
from tests.deliveries import YEAR, Depot
from tests.ledger.entries import accept, manifest


def test_a_link_that_leaves_the_mailbox_is_not_read_and_is_a_finding(depot: Depot) -> None:
    """A file of the system was archived through one."""
    depot.declare(files="*.csv")
    depot.organise()
    secret = depot.root / "shadow"
    secret.write_text("Code;Montant\n", encoding="utf-8")
    own = depot.drop("x", "vrai.csv")
    (own.parent / "lien.csv").symlink_to(secret)
    (own.parent / "interne.csv").symlink_to(own)
    assert [path.name for path in files_of(depot.home.landing, depot.ref, YEAR)] == ["interne.csv", "vrai.csv"]
    with open_ledger(depot.home) as ledger:
        (found,) = unclaimed(depot.work(ledger))
    assert (found.code, found.severity) == ("FIC-LIEN", "bloquant") and re.fullmatch(
        r"[0-9a-f]{12}\.csv", found.fichier
    )
    assert found.attendu == "un fichier déposé, et non un lien, un tube ou un périphérique"


@pytest.mark.parametrize("place", ["2020", "2020/essai", "2020/essai/dessous", "2020/essai/vrai.csv"])
def test_nor_is_a_folder_or_a_link_to_nothing(depot: Depot, place: str) -> None:
    """Whatever is linked, the year, a system's folder, one below it or a file that is not there: one finding says so."""
    depot.declare(files="*.csv")
    depot.organise()
    outside = depot.root / "dehors"
    (outside / "essai").mkdir(parents=True)
    for name in ("vrai.csv", "essai/vrai.csv"):
        (outside / name).write_text("Code;Montant\n", encoding="utf-8")
    link = depot.home.landing / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside / "rien" if place.endswith(".csv") else outside)
    (link.parent / "boucle").symlink_to(link.parent / "boucle")
    assert files_of(depot.home.landing, depot.ref, YEAR) == []
    with open_ledger(depot.home) as ledger:
        found = [one.code for one in unclaimed(depot.work(ledger))]
    assert found == ["FIC-LIEN"] * (1 if place == "2020" else 2)  # the loop too, where it lies in the year


def test_what_depends_on_the_day_is_found_from_that_day(depot: Depot) -> None:
    depot.declare()
    depot.organise()
    with open_ledger(depot.home) as ledger:
        accept(ledger, manifest("a", 2020))
        work = depot.work(ledger)
        towns = work.organisation.model_copy(
            update={"collectivites": [Collectivite(code_insee="94054", siren="219400546", nom="Orly")]}
        )
        work = replace(work, organisation=towns)
        for today, found in (("2021-08-31", []), ("2021-09-01", [("TRA-ENVOI", 2020)])):
            told = findings_of_the_day(work, today)
            assert [(one.code, one.exercice) for one in told if one.code == "TRA-ENVOI"] == found


def test_a_file_that_no_export_takes_is_a_finding_until_it_is_removed(depot: Depot) -> None:
    depot.declare(files="export*.csv")
    depot.organise()
    depot.drop("x", "export_1.csv", exercice=2020)
    stray = depot.drop("x", "exprot_2.csv", exercice=2020)
    with open_ledger(depot.home) as ledger:
        work = depot.work(ledger)
        (one,) = [one for one in all_findings(work) if one.code == "FIC-NON-RECONNU"]
        shown = f"{sha256_of(stray)[:12]}.csv"
        assert (one.severity, one.exercice, one.ou, one.fichier) == ("alerte", 2020, "essai", shown)
        assert "exprot" not in str(one)
        assert one.attendu == "un nom de la forme « export*.csv »"
        assert work.rules["FIC-NON-RECONNU"].a_decider
        stray.rename(stray.with_name("export_2.csv"))
        assert not [one for one in all_findings(work) if one.code == "FIC-NON-RECONNU"]


def test_one_outside_the_folders_of_systems_is_shown_where_files_go(depot: Depot) -> None:
    depot.declare(files="export*.csv")
    depot.organise()
    for name in ("2020/export_1.csv", "2020/Durand Anne/export_1.csv", "2020/essai/janvier/export_2.csv"):
        path = depot.home.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    with open_ledger(depot.home) as ledger:
        told = [one for one in all_findings(depot.work(ledger)) if one.code == "FIC-NON-RECONNU"]
    expected = "un fichier dans le dossier d’un système souscrit"
    in_a_folder = ("essai", "un fichier déposé dans le dossier du système lui-même")
    assert sorted((one.ou, one.attendu) for one in told) == [in_a_folder, *[("landing", expected)] * 2]
    assert "Durand" not in str(told) and "janvier" not in str(told)
