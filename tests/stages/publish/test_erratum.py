"""The erratum says in words what a code means."""

from decimal import Decimal

import pytest

from pipelines.stages.publish.erratum import erratum
from pipelines.stages.publish.release import Change

TEN, LATE, UNSAID = (Decimal(10), None), (None, "m"), (None, "NC")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (TEN, (Decimal(9), None), "au lieu de « 10 agents », lire « 9 agents » (−1 agent)."),
        (
            None,
            LATE,
            "ce chiffre, absent jusqu’ici, est sans valeur : non reçu, non accepté ou non fourni par l’outil.",
        ),
        (None, TEN, "ce chiffre, absent jusqu’ici, est 10 agents."),
        (UNSAID, None, "ce chiffre (sans valeur : non communiqué) est retiré."),
        ((None, "x9"), None, "ce chiffre (sans valeur : x9) est retiré."),
        ((Decimal(8), None), None, "ce chiffre (8 agents) est retiré."),
        (TEN, UNSAID, "au lieu de « 10 agents », lire « sans valeur : non communiqué »."),
    ],
)
def test_what_changed_is_put_into_words(before, after, said: str):
    text = erratum(2020, "2020-v1", "2020-v2", None, [Change("a.b", "Agents", "agents", 0, before, after)])
    assert said in text.replace("\u00a0", " ").replace("\u202f", " ")


def test_an_erratum_says_its_profile_its_versions_how_many_figures_and_why():
    changes = [Change(code, code.upper(), "agents", 0, TEN, (Decimal(9), None)) for code in ("a", "b")]
    title, opening, *_ = erratum(2020, "2020-v1", "2020-v2", "Un doublon.", changes).split("\n\n")
    assert title == "Erratum au rapport d’activité 2020 — profil interne, à ne pas diffuser"
    assert (
        opening == "La version 2020-v2 remplace la version 2020-v1. 2 chiffres sont modifiés.\nMotif\u00a0: Un doublon."
    )
    title, opening, *_ = erratum(2020, "2020-v1", None, None, changes[:1], "public").split("\n\n")
    assert title == "Erratum au rapport d’activité 2020"
    assert opening == "Une nouvelle version remplacerait la version 2020-v1. Un chiffre est modifié."


@pytest.mark.parametrize(
    ("second", "said"), [("2020-v2", "entre les versions 2020-v1 et 2020-v2"), (None, "de la version 2020-v1")]
)
def test_an_erratum_without_a_change_says_from_what_nothing_differs(second: str | None, said: str):
    assert erratum(2020, "2020-v1", second, None, []).splitlines()[-1] == f"Aucun chiffre ne diffère {said}."
