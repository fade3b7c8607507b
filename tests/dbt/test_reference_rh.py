"""The reference tables about staff: one category per cadre and day, one code per word, and only existing codes."""

import csv
from collections import Counter
from itertools import pairwise

import pytest

from pipelines import settings
from tests.catalogue.figures.sql import scalar

ALWAYS = ("0001-01-01", "9999-12-31")
CODES = {
    "statut": {"titulaire", "stagiaire", "contractuel"},
    "sexe": {"F", "M"},
    "contrat": {"CDI", "CDD"},
    "categorie": {"A", "B", "C"},
}


def rows(name: str) -> list[dict[str, str]]:
    with (settings.shipped() / "catalogue" / "reference" / f"rh_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def category_of(code: str, day: str) -> list[str]:
    return [
        row["categorie"]
        for row in rows("cadres_emplois")
        if row["code_cadre_emplois"] == code
        and (row["valide_du"] or ALWAYS[0]) <= day <= (row["valide_au"] or ALWAYS[1])
    ]


def test_a_cadre_has_one_category_a_day():
    periods: dict[str, list[tuple[str, str]]] = {}
    for row in rows("cadres_emplois"):
        periods.setdefault(row["code_cadre_emplois"], []).append(
            (row["valide_du"] or ALWAYS[0], row["valide_au"] or ALWAYS[1])
        )
    for code, spans in periods.items():
        assert all(first[1] < second[0] for first, second in pairwise(sorted(spans))), code


@pytest.mark.parametrize(
    ("code", "day", "category"),
    [
        ("assistants_socio_educatifs", "2019-01-31", "B"),
        ("assistants_socio_educatifs", "2019-02-01", "A"),
        ("educateurs_de_jeunes_enfants", "2018-12-31", "B"),
        ("auxiliaires_de_puericulture", "2021-12-31", "C"),
        ("auxiliaires_de_puericulture", "2022-01-01", "B"),
        ("aides_soignants", "2022-12-31", "B"),
        ("ingenieurs", "2018-12-31", "A"),
    ],
)
def test_category_follows_the_decree_of_the_day(code, day, category):
    assert category_of(code, day) == [category]


def test_every_cadre_is_in_a_known_filiere_and_category():
    filieres = {row["code_filiere"] for row in rows("filieres")}
    assert len(filieres) == 8
    assert {row["code_filiere"] for row in rows("cadres_emplois")} <= filieres
    assert {row["categorie"] for row in rows("cadres_emplois")} == {"A", "B", "C"}


def test_a_label_of_a_cadre_means_one_cadre():
    for column in ("libelle_cadre_emplois", "libelle_court"):
        pairs = {(row[column], row["code_cadre_emplois"]) for row in rows("cadres_emplois")}
        assert max(Counter(label for label, _ in pairs).values()) == 1


def test_a_motif_is_known_once():
    keys = Counter((row["sens"], row["code_motif"]) for row in rows("motifs"))
    assert max(keys.values()) == 1
    assert {sens for sens, _ in keys} == {"arrivee", "depart", "changement_statut"}
    assert {("arrivee", "non_renseigne"), ("depart", "non_renseigne")} <= set(keys)


def test_every_word_leads_to_a_code_that_exists():
    motifs: dict[str, set[str]] = {}
    for row in rows("motifs"):
        motifs.setdefault(row["sens"], set()).add(row["code_motif"])
    known = CODES | motifs
    for row in rows("orthographes"):
        assert row["code"] in known[row["nomenclature"]], row


def compared(word: str) -> str:
    """The form under which a word is looked for."""
    return scalar("{{ orthographe(\"'" + word.replace("'", "''") + "'\") }}")


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("adjoint administratif", "Adjoints administratifs"),
        ("ADJOINT ADMINISTRATIF TERRITORIAL", "Adjoints administratifs territoriaux"),
        ("Adjoint d'animation", "Adjoints d’animation"),
        ("Éducateur de jeunes enfants", "Éducateurs de jeunes enfants"),
        (
            "Agent territorial spécialisé des écoles maternelles",
            "Agents territoriaux spécialisés des écoles maternelles",
        ),
        ("Sage-femme", "Sages-femmes"),
        ("Attaché", "Attachés"),
        ("Masseur-kinésithérapeute et orthophoniste", "Masseurs-kinésithérapeutes et orthophonistes"),
    ],
)
def test_a_word_in_the_singular_is_the_label_in_the_plural(written: str, label: str):
    assert compared(written) == compared(label)
    assert label in {row[name] for row in rows("cadres_emplois") for name in ("libelle_court", "libelle_cadre_emplois")}


def test_no_two_codes_are_compared_alike():
    columns = {
        "cadres_emplois": ("code_cadre_emplois", "libelle_cadre_emplois", "libelle_court"),
        "filieres": ("code_filiere", "libelle_filiere"),
        "motifs": ("code_motif", "libelle_motif"),
        "orthographes": ("code", "orthographe"),
    }
    codes: dict[tuple[str, str], set[str]] = {}
    for name, (code, *labels) in columns.items():
        for row in rows(name):
            kind = row.get("nomenclature") or row.get("sens") or name
            for label in labels:
                codes.setdefault((kind, compared(row[label])), set()).add(row[code])
    assert {key: found for key, found in codes.items() if len(found) > 1} == {}
