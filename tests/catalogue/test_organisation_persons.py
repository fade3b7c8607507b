"""The persons that ``organisation.yml`` declares: how their names are recognised, and what cannot be declared."""

from pathlib import Path

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation, UnknownPerson, load_organisation
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.settings import Home

HEAD = """\
nom: Essai
sigle: E
siren: "259400117"
exercices: {premier: 2018, dernier: 2020}
personnes:
  - {nom: Hélène Le Goff-Œuvrard, fonction: directrice}
"""


def loaded(root: Path, more: str) -> Organisation:
    home = Home(root)
    home.organisation_file.write_text(HEAD + more, encoding="utf-8")
    return load_organisation(home, load_catalogue(home))


@pytest.mark.parametrize(
    "name", ["helene le goff oeuvrard", " HÉLÈNE  LE GOFF-ŒUVRARD ", "He\u0301le\u0300ne Le Goff-Œuvrard"]
)
def test_case_accents_and_spaces_do_not_count(tmp_path: Path, name: str) -> None:
    assert loaded(tmp_path, "").person(name).nom == "Hélène Le Goff-Œuvrard"


def test_somebody_else_is_not_recognised_and_the_near_name_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(UnknownPerson, match="vouliez-vous dire « Hélène Le Goff-Œuvrard »"):
        loaded(tmp_path, "").person("Hélène Le Gof Œuvrard")


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
    with pytest.raises(DeclarationError, match=rf"organisation\.yml:{line} .*") as refusal:
        loaded(tmp_path, more)
    assert said in str(refusal.value)
