"""What ``organisation.yml`` declares of budgets, years, persons and addresses: what it may say, and the line of what it may not."""

import hashlib
from pathlib import Path

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation, UnknownPerson, declaration_of, load_organisation
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.runs.state import facts
from pipelines.settings import Home
from tests.cli.conftest import Bench, bench, declared, make_bench  # noqa: F401

HEAD = """\
nom: Essai
sigle: E
siren: "259400117"
exercices: {premier: 2018, dernier: 2020}
"""
BUDGETS = f"{HEAD}budgets:\n"
PERSONS = f"{HEAD}personnes:\n  - {{nom: Hélène Le Goff-Œuvrard, fonction: directrice}}\n"
PRINCIPAL = '  - {siret: "25940011700018", nomenclature: M14, fin: 2019}\n'


def loaded(root: Path, text: str) -> Organisation:
    home = Home(root)
    home.organisation_file.write_text(text, encoding="utf-8")
    return load_organisation(home, load_catalogue(home))


def refused(root: Path, text: str, line: int) -> str:
    """Why this declaration is refused at this line."""
    with pytest.raises(DeclarationError, match=rf"organisation\.yml:{line} .*") as refusal:
        loaded(root, text)
    return str(refusal.value)


# budgets and years ------------------------------------------------------------


def test_a_budget_changes_its_nomenclature_and_two_of_one_siret_have_codes(tmp_path: Path) -> None:
    later = '  - {siret: "25940011700018", nomenclature: M57, debut: 2020}\n'
    annexes = "".join(
        f'  - {{siret: "25940011700026", code: "{code}", nomenclature: M43_A, type: annexe}}\n' for code in ("01", "02")
    )
    organisation = loaded(tmp_path, BUDGETS + PRINCIPAL + later + annexes)
    assert [(b.code, b.nomenclature, b.debut, b.fin) for b in organisation.budgets] == [
        (None, "M14", None, 2019),
        (None, "M57", 2020, None),
        ("01", "M43_A", None, None),
        ("02", "M43_A", None, None),
    ]


@pytest.mark.parametrize(
    ("more", "line", "said"),
    [
        ('  - {siret: "25940011700019", nomenclature: M14}\n', 7, "n’est pas un SIRET"),
        ('  - {siret: "2594001170001", nomenclature: M14}\n', 7, "siret"),
        (
            '  - {siret: "21560046100010", nomenclature: M14}\n',
            7,
            "n’est pas un établissement de l’organisation (259400117)",
        ),
        ('  - {siret: "25940011700018", code: "00", nomenclature: M57}\n', 7, "pour les mêmes exercices à la ligne 6"),
        ('  - {siret: "25940011700026", nomenclature: quatorze}\n', 7, "nomenclature"),
        ('  - {siret: "25940011700026", nomenclature: M14, debut: 2020, fin: 2019}\n', 7, "précède debut"),
        ('  - {siret: "25940011700026", nomenclature: M14, annee: 2020}\n', 7, "annee"),
    ],
)
def test_what_no_budget_can_be_is_refused_with_its_line(tmp_path: Path, more: str, line: int, said: str) -> None:
    assert said in refused(tmp_path, BUDGETS + PRINCIPAL + more, line)


APPLICATION = "  - {code: maelis, libelle: Essai, domaine: Essai, indicateurs: []}\n"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (BUDGETS.replace("dernier: 2020", "dernier: 2017"), "dernier \\(2017\\) précède premier \\(2018\\)"),
        (f"{HEAD}budgets: []\napplications:\n{APPLICATION}{APPLICATION}", "« maelis » est déjà donné à la ligne 7"),
        (
            f"{HEAD}budgets: []\napplications:\n{APPLICATION}".replace("[]}", "[], debut: 2020, fin: 2019}"),
            "fin \\(2019\\) précède debut \\(2020\\)",
        ),
    ],
)
def test_years_in_the_wrong_order_and_an_application_that_is_there_twice_are_refused(
    tmp_path: Path, wrong: str, said: str
) -> None:
    with pytest.raises(DeclarationError, match=said):
        loaded(tmp_path, wrong)


# persons ------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["helene le goff oeuvrard", " HÉLÈNE  LE GOFF-ŒUVRARD ", "He\u0301le\u0300ne Le Goff-Œuvrard"]
)
def test_case_accents_and_spaces_do_not_count(tmp_path: Path, name: str) -> None:
    assert loaded(tmp_path, PERSONS).person(name).nom == "Hélène Le Goff-Œuvrard"


def test_somebody_else_is_not_recognised_and_the_near_name_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(UnknownPerson, match="vouliez-vous dire « Hélène Le Goff-Œuvrard »"):
        loaded(tmp_path, PERSONS).person("Hélène Le Gof Œuvrard")


@pytest.mark.parametrize(
    ("more", "line", "said"),
    [
        ("  - {nom: helene le goff oeuvrard, fonction: élue}\n", 7, "est déjà à la ligne 6"),
        ('  - {nom: "…", fonction: élue}\n', 7, "n’est pas un nom"),
        ("  - {nom: A}\n", 7, "fonction"),
        ("cumul_des_visas: ''\n", 7, "cumul_des_visas"),
        *((f"seuil_secret: {n}\n", 7, f"d’au moins 3, et non {n}") for n in (2, 1, 0, -5)),
    ],
)
def test_what_cannot_be_declared_is_refused_with_its_line(tmp_path: Path, more: str, line: int, said: str) -> None:
    assert said in refused(tmp_path, PERSONS + more, line)


# addresses of owners: of no version, and of nothing that is published ------------------------------------------------------------


@pytest.mark.parametrize(
    "contacts",
    [
        "contacts: {Régie: regie@syndicat.example}\n",
        "contacts:\n  Régie: regie@syndicat.example\n\n  # la seconde\n  Ressources humaines: rh@syndicat.example\n",
        "contacts: {\n  Régie: regie@syndicat.example\n}\n",
    ],
)
def test_an_address_that_is_declared_or_changed_makes_no_other_version(bench: Bench, contacts: str):  # noqa: F811
    file = bench.home.organisation_file
    before = file.read_bytes()
    for text in (before + contacts.encode(), contacts.encode() + before):
        file.write_bytes(text)
        assert declaration_of(bench.home) == hashlib.sha256(before).hexdigest()
        with bench.work() as work:
            assert work.organisation.contacts["Régie"] == "regie@syndicat.example"
            assert "regie@" not in str(facts(work, "b", []))
    file.write_bytes(before.replace(b"ESSAI", b"AUTRE") + contacts.encode())
    assert declaration_of(bench.home) != hashlib.sha256(before).hexdigest()
