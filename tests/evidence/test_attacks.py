"""Each line of the table of docs/auditor.md, attack → what notices it → what it needs, is tried by a test that exists."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SECTION = re.compile(r"### Ce qui révèle une modification\n(.*?)\n### ", re.DOTALL)
V = "evidence/test_verify.py::"
TRIED_BY = {  # how a line begins → the tests that try it
    "un fichier modifié, tronqué": [
        V + "every_change_in_every_folder_is_one_sentence",
        V + "anybody_checks_a_folder_with_sha256sum_and_a_list_of_names",
    ],
    "un dossier vide": [
        V + "every_change_in_every_folder_is_one_sentence",
        V + "a_folder_that_cannot_be_looked_into_is_one_sentence",
    ],
    "une liste mise dans": [V + "a_list_that_lies_anywhere_else_is_a_file_like_another"],
    "une liste de plus": [
        V + "a_list_that_no_entry_explains_is_reported",
        V + "an_entry_whose_list_is_no_more_is_reported",
    ],
    "un retrait vrai": [
        V + "a_removal_explains_its_own_list_alone",
        V + "a_withdrawal_explains_one_change_of_each_list",
    ],
    "une publication forgée": [V + "a_publication_forged_whole_is_noticed_by_nothing_in_the_home"],
    "un fichier d’une livraison": [V + "what_is_written_once_is_not_written_again_though_the_ledger_enters_its_list"],
    "une macro, une vue": [V + "a_database_holds_nothing_but_what_was_published_though_the_ledger_enters_its_file"],
    "une publication ou une version étrangère": [
        V + "a_foreign_publication_or_release_or_a_whole_folder_removed_is_one_sentence",
        V + "a_former_publication_put_back_is_not_the_last",
    ],
    "les tables publiées, l’état": [V + "a_state_and_its_entry_forged_rest_on_an_older_head"],
    "l’entrepôt que lit": [V + "a_warehouse_is_one_that_was_built_and_the_traced_one_that_of_the_publication"],
    "un profil public retiré": [V + "a_public_profile_that_comes_back_after_its_withdrawal_is_reported"],
    "une ligne du registre": [V + "a_forgery_in_the_ledger_is_reported"],
    "le registre réécrit du début": [V + "a_ledger_written_anew_is_not_that_of_the_publication"],
    "la fin du registre coupée": [
        V + "a_decision_cut_off_after_the_publication_is_reported_by_whoever_holds_a_later_head",
        V + "a_head_kept_elsewhere_is_compared_by_itself",
        "runs/test_mails.py::every_mail_takes_the_head_of_the_ledger_along",
    ],
    "une page d’`audit/`": [
        V + "what_a_command_draws_at_any_time_may_be_drawn_by_anybody",
        V + "rewriting_what_follows_the_publication_is_reported_by_a_head_kept_elsewhere_alone",
    ],
    "tout, registre compris": [V + "rewriting_everything_is_reported_by_the_printed_head_alone"],
    "un fichier d’une version": [
        "runs/test_transmit.py::a_stranger_checks_a_release_with_its_letter_and_sha256sum_alone",
        "end_to_end/test_evidence.py::the_life_of_a_frozen_year",
    ],
    "les lignes typées, avec une livraison": ["end_to_end/test_evidence.py::the_life_of_a_frozen_year"],
    "une signature": [V + "a_signature_beside_a_list_is_that_of_somebody_who_may_sign"],
    "l’horloge, reculée": [V + "a_clock_set_back_is_reported"],
    "un retrait écrit": [
        V + "an_original_whose_removal_is_forged_is_counted",
        "runs/test_changes.py::an_original_removed_under_a_shorter_retention_is_reported",
    ],
    "la clé, remplacée": ["runs/test_key.py::a_wrong_key_stops_a_run_before_anything_is_read"],
    "les valeurs imprimées, une attente": [
        "runs/test_changes.py::a_printed_value_that_goes_or_changes_is_reported_with_its_finding",
        "runs/test_changes.py::a_suite_that_is_no_longer_declared_and_another_program_are_reported",
        "runs/test_changes.py::another_catalogue_is_reported_and_a_later_year_is_compared_with_the_last_frozen_one",
    ],
    "une valeur imprimée qu’un export": [
        "runs/test_changes.py::a_contradiction_whose_printed_value_goes_or_changes_before_any_release_waits_for_a_decision"
    ],
    "le catalogue ou une suite": [
        "runs/test_changes.py::before_a_release_what_a_home_takes_from_what_is_shipped_waits_for_a_decision"
    ],
    "un dessin de `cache/`": ["runs/test_release.py::what_somebody_put_among_the_drawings_is_forgotten"],
}


def rows() -> list[list[str]]:
    text = (TESTS.parent / "docs" / "auditor.md").read_text(encoding="utf-8")
    (section,) = SECTION.findall(text)
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_each_line_says_what_notices_the_attack_and_what_it_needs_and_is_tried():
    said = rows()
    assert all(len(row) == 3 and all(row) for row in said)
    begun = {begin: [row for row in said if row[0].startswith(begin)] for begin in TRIED_BY}
    assert all(len(found) == 1 for found in begun.values()), begun
    assert len(said) == len(TRIED_BY)


@pytest.mark.parametrize("name", sorted({name for names in TRIED_BY.values() for name in names}))
def test_the_test_exists(name: str):
    file, _, function = name.partition("::")
    assert f"def test_{function}(" in (TESTS / file).read_text(encoding="utf-8")
