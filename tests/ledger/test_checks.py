"""A check that failed is reported in words."""

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.ledger.checks import check_finding
from pipelines.ledger.records import CheckResult, DeliveredFile, Manifest, Verdict


@pytest.mark.parametrize(
    ("key", "reason", "said"),
    [
        ("unique.identifiant", "« Identifiant » : chaque valeur n’apparaît qu’une fois.", "« Identifiant » en double"),
        (
            "unique.autre",
            "Chaque numéro est pris une fois.",
            "Contrôle d’alerte en échec : Chaque numéro est pris une fois",
        ),
        ("ouverture", "L’ouverture précède la fin.", "Contrôle d’alerte en échec : L’ouverture précède la fin"),
    ],
)
def test_what_failed_is_said_in_words_and_never_by_its_key(key: str, reason: str, said: str) -> None:
    manifest = Manifest("d" * 64, "kolok", "comptes", 2020, [DeliveredFile("kolok.csv", "a" * 64, 1)], {})
    result = CheckResult(key, "t", "c", "warning", False, "2", 2, reason, "Corriger.")
    found = check_finding(
        manifest, Verdict("v", manifest.delivery, "comptes", "s", [result]), result, load_catalogue().rules
    )
    assert (found.message, found.attendu, found.cle) == (said, reason, key)
