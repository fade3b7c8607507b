"""A check that failed is reported in words."""

from dataclasses import replace

import pytest

from pipelines.ledger.check_findings import check_finding
from tests.layers import rules
from tests.ledger.entries import manifest, verdict


@pytest.mark.parametrize(
    ("key", "reason", "said"),
    [
        ("unique.identifiant", "« Identifiant » : chaque valeur n’apparaît qu’une fois.", "« Identifiant » en double"),
        (
            "unique.autre",
            "Chaque numéro est pris une fois.",
            "Contrôle d’alerte en échec : Chaque numéro est pris une fois",
        ),
        ("unique.rue", "« Adresse : rue » : chaque valeur n’apparaît qu’une fois.", "« Adresse : rue » en double"),
        ("annexe", "Le total suit l’annexe X.", "Contrôle d’alerte en échec : Le total suit l’annexe X"),
        ("ouverture", "L’ouverture précède la fin.", "Contrôle d’alerte en échec : L’ouverture précède la fin"),
    ],
)
def test_what_failed_is_put_into_words_and_never_named_by_its_key(key: str, reason: str, said: str) -> None:
    judged = verdict("d", success=False)
    result = replace(judged.results[0], key=key, severity="warning", reason=reason)
    found = check_finding(manifest("d"), judged, result, rules())
    assert (found.message, found.attendu, found.cle) == (said, reason, key)


@pytest.mark.parametrize(
    ("severity", "code", "rank", "key"),
    [("critical", "ATT-CRITIQUE", "bloquant", "k d"), ("warning", "ATT-ALERTE", "alerte", "k")],
)
def test_what_blocks_is_about_the_bytes_of_one_delivery(severity: str, code: str, rank: str, key: str) -> None:
    judged = verdict("d", success=False)
    found = check_finding(manifest("d"), judged, replace(judged.results[0], severity=severity), rules())
    assert (found.code, found.severity, found.exercice, found.ou) == (code, rank, 2020, "essai/lignes")
    assert (found.recu, found.aide, found.fichier, found.cle) == ("3", "aide", "f.csv", key)
