"""``millesime`` alone: in a home, what is missing, what waits, and the next command; elsewhere, the help."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.cli.app import millesime
from pipelines.disk import sha256_of
from pipelines.ledger.records import Finding
from tests.cli.conftest import VENTES_2019, Bench


def told(bench: Bench) -> list[str]:
    result = bench.millesime()
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_in_no_home_it_is_the_help(bench: Bench, tmp_path: Path):
    bench.home.organisation_file.unlink()
    assert any("millesime init" in line for line in told(bench))


def test_the_home_that_one_stands_in_is_the_home_of_each_command(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MILLESIME_HOME", raising=False)
    folder = bench.home.landing / "2019"
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(folder)
    assert CliRunner().invoke(millesime, []).stdout.splitlines()[2] == "Ensuite : millesime run 2019"
    assert "ventes/ventes" in CliRunner().invoke(millesime, ["status", "2019"]).stdout


def test_before_anything_came_it_names_what_is_missing_and_whom_to_ask(bench: Bench):
    missing, waiting, following = told(bench)
    assert "Exercice 2019 :" in missing and "ventes/ventes (Régie)" in missing and "(Ressources humaines)" in missing
    assert following.endswith("run 2019")
    assert waiting.startswith("En attente : ")


def test_the_last_exercice_that_something_came_for_is_the_one(bench: Bench):
    bench.drop("2021/ventes/ventes_2021.csv", VENTES_2019.replace("2019", "2021"))
    missing, _, following = told(bench)
    assert "Exercice 2021 :" in missing and "ventes/ventes" not in missing and following.endswith("run 2021")


def test_what_was_refused_comes_first(bench: Bench):
    file = bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019)
    bench.refuse("ventes/ventes", 2019, DeliveryRefused("FIC-VIDE", fichier=file.name), sha256_of(file))
    missing, _, following = told(bench)
    assert "1 export refusé : ventes/ventes (Régie)" in missing and following.endswith("rejects 2019")


def test_what_waits_for_a_decision_follows_what_is_published(filled: Bench):
    organisation = filled.home.organisation_file
    said = organisation.read_text(encoding="utf-8") + "contacts: {Régie: regie@silpha.fr}\n"
    organisation.write_text(said, encoding="utf-8")
    found = [Finding("DBT-ECHEC", "bloquant", 0, place, "Règle en échec") for place in ("fct_ventes", "ventes/ventes")]
    filled.publish(
        "('essai.ventes.total', 2019, 14.5, 'EUR', 2, 'calculé', null, 'complet', 'Total', 'essai', 'somme')", *found
    )
    missing, waiting, following = told(filled)
    assert "aucun export ne manque" in missing
    assert waiting == "En attente : 2 constats à corriger ou à trancher (Régie, regie@silpha.fr : 1)."
    assert following.endswith("findings 2019")
