"""The title of a chart says what it shows, only if the values are known, complete and distinct."""

import pytest

from pipelines.stages.report.showing import titled


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


TOTAL = line("Total", 99, 99, total=True)


@pytest.mark.parametrize(
    ("shows", "head", "lines", "said"),
    [
        (
            "premier",
            ["Agents"],
            [line("A", 3), line("B", 5), line("T", 8, total=True)],
            "Titre : « B » en tête (5) (Go)",
        ),
        ("premier", ["Agents"], [line("A", 5), line("B", 5)], "Titre (Go)"),
        ("premier", ["Agents"], [line("A", 3), line("B", 5, partial=True)], "Titre (Go)"),
        ("premier", ["Agents"], [line("A", 3), line("B", None, code="s")], "Titre (Go)"),
        ("premier", ["Agents"], [line("A", 3)], "Titre (Go)"),
        ("pic", ["Agents"], [line("Avril", 3), line("Mai", 2)], "Titre : au plus haut en avril (3) (Go)"),
        ("creux", ["Agents"], [line("Avril", 3), line("Mai", 2)], "Titre : au plus bas en mai (2) (Go)"),
        (
            "pic",
            ["Un", "Deux"],
            [line("Avril", 3, 4), line("Mai", 2, 5)],
            "Titre : un au plus haut en avril (3), deux au plus haut en mai (5) (Go)",
        ),
        ("pic", ["Un", "Deux"], [line("Avril", 3, 4), line("Mai", 2, 4)], "Titre (Go)"),
        (
            "evolution",
            ["2019", "2020"],
            [line("A", 40, 44), line("B", 60, 60), TOTAL],
            "Titre : 4,0 % de plus qu’en 2019 (Go)",
        ),
        ("evolution", ["2019", "2020"], [line("A", 100, 90)], "Titre : 10,0 % de moins qu’en 2019 (Go)"),
        ("evolution", ["2019", "2020"], [line("A", 100, 100)], "Titre : comme en 2019 (Go)"),
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
            "Titre : « 25 à 29 ans » en tête (4) (Go)",
        ),
        ("plus_fournie", ["F", "H"], [line("25 à 29 ans", 2, 2), line("30 à 34 ans", 1, 3)], "Titre (Go)"),
        ("plus_fournie", ["F", "H"], [line("25 à 29 ans", 2, 2), line("30 à 34 ans", None, 3, code="s")], "Titre (Go)"),
        ("extremites", ["Avant", "Recettes", "Après"], [line("A", 5, 3, 8)], "Titre : de 5 à 8 (Go)"),
        ("extremites", ["Avant", "Après"], [line("A", 5, None, code="m")], "Titre (Go)"),
        (None, ["C"], [line("A", 1), line("B", 2)], "Titre (Go)"),
    ],
)
def test_a_title_says_what_is_known(shows: str | None, head: list[str], lines: list[dict], said: str) -> None:
    assert titled("Titre (Go)", shows, head, lines) == said
