"""The budgets and exercices that ``organisation.yml`` declares: what is accepted, and what is refused with its line."""

from pathlib import Path

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation, load_organisation
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.settings import Home

HEAD = """\
nom: Essai
sigle: E
siren: "259400117"
exercices: {premier: 2018, dernier: 2020}
budgets:
"""
PRINCIPAL = '  - {siret: "25940011700018", nomenclature: M14, fin: 2019}\n'


def loaded(root: Path, budgets: str) -> Organisation:
    home = Home(root)
    home.organisation_file.write_text(HEAD + budgets, encoding="utf-8")
    return load_organisation(home, load_catalogue(home))


def test_a_budget_changes_its_nomenclature_and_two_of_one_siret_have_codes(tmp_path: Path) -> None:
    later = '  - {siret: "25940011700018", nomenclature: M57, debut: 2020}\n'
    annexes = "".join(
        f'  - {{siret: "25940011700026", code: "{code}", nomenclature: M43_A, type: annexe}}\n' for code in ("01", "02")
    )
    organisation = loaded(tmp_path, PRINCIPAL + later + annexes)
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
    with pytest.raises(DeclarationError, match=rf"organisation\.yml:{line} .*") as refusal:
        loaded(tmp_path, PRINCIPAL + more)
    assert said in str(refusal.value)


APPLICATION = "  - {code: maelis, libelle: Essai, domaine: Essai, indicateurs: []}\n"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (HEAD.replace("dernier: 2020", "dernier: 2017"), "dernier \\(2017\\) précède premier \\(2018\\)"),
        (f"{HEAD} []\napplications:\n{APPLICATION}{APPLICATION}", "« maelis » est déjà donné à la ligne 7"),
        (
            f"{HEAD} []\napplications:\n{APPLICATION}".replace("[]}", "[], debut: 2020, fin: 2019}"),
            "fin \\(2019\\) précède debut \\(2020\\)",
        ),
    ],
)
def test_years_in_the_wrong_order_and_an_application_that_is_there_twice_are_refused(
    tmp_path: Path, wrong: str, said: str
) -> None:
    home = Home(tmp_path)
    home.organisation_file.write_text(wrong.replace("budgets:\n []", "budgets: []"), encoding="utf-8")
    with pytest.raises(DeclarationError, match=said):
        load_organisation(home, load_catalogue(home))
