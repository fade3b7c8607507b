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
        (TEN, UNSAID, "au lieu de « 10 agents », lire « sans valeur : non communiqué »."),
    ],
)
def test_what_changed_is_put_into_words(before, after, said: str):
    text = erratum(2020, "2020-v1", "2020-v2", None, [Change("a.b", "Agents", "agents", 0, before, after)])
    assert said in text.replace("\u00a0", " ").replace("\u202f", " ")
