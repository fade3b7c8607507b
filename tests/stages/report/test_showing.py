"""The title of a chart says what it shows, only if the values are known, complete and distinct."""

import pytest

from pipelines.stages.report.addresses import Addresses
from pipelines.stages.report.showing import title_nodes, titled


def line(title: str, *values: int | None, total: bool = False, partial: bool = False, code: str | None = None) -> dict:
    cells = [
        {
            "valeur": None if v is None else str(v),
            "texte": str(v),
            "manque": code if v is None else None,
            "est_partiel": partial,
            "est_incertain": partial,
        }
        for v in values
    ]
    return {"titre": title, "est_total": total, "cellules": cells}


NEXT_TO_NOTHING = line("A", 0)["cellules"][0] | {"valeur": "0.3", "texte": "0 %"}
SHARE = line("A", 41)["cellules"][0] | {"texte": "41 %"}
TOTAL = line("Total", 99, 99, total=True)


@pytest.mark.parametrize(
    ("shows", "head", "lines", "said"),
    [
        (
            "premier",
            ["Agents"],
            [line("A", 3), line("B", 5), line("T", 8, total=True)],
            "Titre : surtout « B », 5 sur 8 (Go)",
        ),
        (
            "premier",
            ["Agents"],
            [line("A", 5), line("B", 3), line("C", 2)],  # a half is not most
            "Titre : « A » au premier rang, 5 sur 10 (Go)",
        ),
        ("premier", ["Agents"], [line("A", 5), line("B", 5)], "Titre (Go)"),
        ("premier", ["Agents"], [line("A", 14), line("B", 13)], "Titre (Go)"),  # next to nothing
        ("premier", ["Agents"], [line("A", 3), line("B", 5, partial=True)], "Titre (Go)"),
        ("premier", ["Agents"], [line("A", 3), line("B", None, code="s")], "Titre (Go)"),
        ("premier", ["Agents"], [line("A", 3)], "Titre (Go)"),
        ("pic", ["Agents"], [line("Avril", 3), line("Mai", 2)], "Titre : au plus haut en avril avec 3 (Go)"),
        ("creux", ["Agents"], [line("Avril", 3), line("Mai", 2)], "Titre : au plus bas en mai avec 2 (Go)"),
        (
            "pic",
            ["Un", "Deux"],
            [line("Avril", 3, 4), line("Mai", 2, 5)],
            "Titre : un au plus haut en avril avec 3, deux au plus haut en mai avec 5 (Go)",
        ),
        ("pic", ["Un", "Deux"], [line("Avril", 3, 4), line("Mai", 2, 4)], "Titre (Go)"),
        (
            "evolution",
            ["2019", "2020"],
            [line("A", 40, 44), line("B", 60, 60), TOTAL],
            "Titre : stable depuis 2019 (Go)",
        ),
        ("evolution", ["2019", "2020"], [line("A", 100, 90)], "Titre : 10 % de moins qu’en 2019 (Go)"),
        ("evolution", ["2019", "2020"], [line("A", 100, 100)], "Titre : stable depuis 2019 (Go)"),
        ("evolution", ["2019", "2020"], [line("A", None, 100, code="NC")], "Titre (Go)"),
        ("evolution", ["2020"], [line("A", 100)], "Titre (Go)"),
        (
            "taux",
            ["C", "R"],
            [line("A", 100, 80), line("023", 900, None, code="—")],
            "Titre : 80,0 % de réalisation, hors « 023 », qui ne s’exécute pas (Go)",
        ),
        (
            "taux",
            ["C", "R"],
            [line("A", 100, 80), line("022", 9, None, code="—"), line("023", 900, None, code="—")],
            "Titre : 80,0 % de réalisation, hors « 022 » et « 023 », qui ne s’exécutent pas (Go)",
        ),
        ("taux", ["C", "R"], [line("A", 100, 80), TOTAL], "Titre : 80,0 % de réalisation (Go)"),
        ("taux", ["C", "R"], [line("A", 100, None, code="NC")], "Titre (Go)"),
        (
            "majorite",
            ["Femmes", "Hommes"],
            [line("A", 6, 4), line("B", 3, None, code="—")],
            "Titre : femmes majoritaires (69 %) (Go)",
        ),
        ("majorite", ["Femmes", "Hommes"], [line("A", 6, 6)], "Titre (Go)"),
        ("majorite", ["Femmes", "Hommes"], [line("A", 6, 4), line("B", 3, None, code="s")], "Titre (Go)"),
        ("majorite", ["Femmes", "Hommes"], [], "Titre (Go)"),
        (
            "plus_fournie",
            ["Femmes", "Hommes"],
            [line("25 à 29 ans", 2, 2), line("30 à 34 ans", None, 3, code="—")],
            "Titre : surtout « 25 à 29 ans », 4 sur 7 (Go)",
        ),
        ("plus_fournie", ["F", "H"], [line("25 à 29 ans", 2, 2), line("30 à 34 ans", 1, 3)], "Titre (Go)"),
        ("plus_fournie", ["F", "H"], [line("25 à 29 ans", 2, 2), line("30 à 34 ans", None, 3, code="s")], "Titre (Go)"),
        ("extremites", ["Avant", "Recettes", "Après"], [line("A", 5, 3, 8)], "Titre : de 5 à 8 (Go)"),
        ("extremites", ["Avant", "Après"], [line("A", 5, None, code="m")], "Titre (Go)"),
        (
            "premier",
            ["Part"],
            [line("A", 3) | {"cellules": [SHARE]}, line("B", 2)],
            "Titre : « A » au premier rang, 41 % (Go)",
        ),
        (
            "ecarts",
            ["Écart", "Orly", "Ensemble"],
            [line("A", 7, 1, 1), line("B", 3, 1, 1), line("C", -1, 1, 1), line("D", 0, 1, 1)],
            "Titre : +7 pour « A », de -1 à +3 pour le reste (Go)",
        ),
        (  # what is printed as zero has no sign
            "ecarts",
            ["Écart"],
            [line("A", 7), line("B", 3), line("C", 0) | {"cellules": [NEXT_TO_NOTHING]}],
            "Titre : +7 pour « A », de 0 % à +3 pour le reste (Go)",
        ),
        ("ecarts", ["Écart"], [line("A", 7), line("B", 3), line("C", None, code="m")], "Titre (Go)"),
        (None, ["C"], [line("A", 1), line("B", 2)], "Titre (Go)"),
    ],
)
def test_a_title_says_what_is_known(shows: str | None, head: list[str], lines: list[dict], said: str) -> None:
    parts = titled("Titre (Go)", shows, head, lines)
    assert "".join(part if isinstance(part, str) else part.text for part in parts) == said


@pytest.mark.parametrize(
    ("shows", "head", "lines", "said", "how"),
    [
        ("taux", ["C", "R"], [line("A", 100, 80), line("B", 50, 10)], "60,0 %", "100 × (80 + 10) ÷ (100 + 50)"),
        ("evolution", ["2019", "2020"], [line("A", 40, 50)], "25 %", "100 × (50 − 40) ÷ 40"),
        (
            "evolution",
            ["2019", "2020"],
            [line("A", -10, 4), line("B", 20, 4)],
            "20 %",
            "100 × ((4 + 4) − ((−10) + 20)) ÷ ((−10) + 20)",
        ),
        ("majorite", ["Hommes", "Femmes"], [line("A", 6, 4)], "60 %", "100 × 6 ÷ (6 + 4)"),
        ("plus_fournie", ["X", "Y"], [line("A", 6, 4), line("B", 1, 1)], "10", "(6 + 4)"),
    ],
)
def test_a_number_of_a_title_leads_to_its_calculation(shows, head, lines, said: str, how: str):
    for rank, one in enumerate(cell for row in lines for cell in row["cellules"]):
        one["adresse"] = f"a9{rank}"
    addresses = Addresses()
    titles = title_nodes(titled("Titre", shows, head, lines), addresses)
    number = next(node for node in titles if node["genre"] == "nombre")
    entry, *_ = addresses.made.values()
    assert (number["enfants"][0]["texte"], entry["calcul"], number["adresse"]) == (said, how, entry["id"])
    assert set(entry["de"]) <= {cell["adresse"] for row in lines for cell in row["cellules"]}


def test_a_number_of_a_title_that_one_cell_gives_has_its_address():
    lines = [line("Avril", 3), line("Mai", 2)]
    lines[0]["cellules"][0]["adresse"] = "c-code"
    (number,) = (
        node for node in title_nodes(titled("T", "pic", ["A"], lines), Addresses()) if node["genre"] == "nombre"
    )
    assert number["adresse"] == "c-code"
