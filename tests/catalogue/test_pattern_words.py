"""A declared form is said in words that a keeper of files reads; a complicated one, without its regular expression."""

import pytest

from pipelines.catalogue.pattern_words import UNSAID, in_words


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("[0-9]{14}", "14 chiffres"),
        (r"^\d{9}$", "9 chiffres"),
        (r"\d", "1 chiffre"),
        ("[0-9]{2,10}", "de 2 à 10 chiffres"),
        ("[0-9]{2,}", "au moins 2 chiffres"),
        ("[1-9][0-9]*", "1 chiffre non nul, puis éventuellement des chiffres"),
        ("01|02|03|09", "01, 02, 03 ou 09"),
        ("Mme|M[.]", "Mme ou M."),
        ("[ABC]", "A, B ou C"),
        ("Cat[.] [ABC]", "« Cat. », puis A, B ou C"),
        (r"^ED\d{2}-\d{5}$", "« ED », puis 2 chiffres, puis « - », puis 5 chiffres"),
        ("Licences (.*)", "Licences …"),
        (r"[^(]*\((.*)\)", "…(…)"),
        ("([^@]+)@[^@]+", "…@…"),
        ("[^@]", UNSAID),
        ("P[A-Z]+", "« P », puis des majuscules"),
        (r"^-?\d+(\.\d+)?$", UNSAID),
        ("Fonctionnaire (titulaire|stagiaire)", "Fonctionnaire titulaire ou Fonctionnaire stagiaire"),
        ("Durée (in)?déterminée|sans", "Durée indéterminée, Durée déterminée ou sans"),
        ("(a|b)(c|d)?(e)?(f)?(g)?", UNSAID),
        (r"^\w+$", UNSAID),
        ("a.c", UNSAID),
        ("(?i)total.*", UNSAID),
        ("", UNSAID),
    ],
)
def test_a_form_is_said_in_words(pattern: str, words: str):
    assert in_words(pattern).replace("\u00a0", " ") == words
