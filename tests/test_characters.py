"""What may not be in a text: shown by its number wherever a person could be deceived, left alone everywhere else."""

import duckdb
import pytest

from pipelines.characters import FORBIDDEN_IN_SQL, each_text, in_one_line, visible

PLAIN = ["", "Été\tà l’œuvre", "a\nb\r\n", "\u200d", "\u2028", "𝄞", "\ue000", "\ufffd"]
FORBIDDEN = ["\0", "\x08", "\x0b", "\x1b", "\x7f", "\x85", "\x9f", "\u202a", "\u202e", "\u2066", "\u2069", "\uffff"]


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_text_stays_as_it_is(text: str):
    assert visible(text) == text


@pytest.mark.parametrize("character", FORBIDDEN)
def test_a_forbidden_character_is_shown_by_its_number(character: str):
    text = f"a{character}b"
    assert visible(text) == f"a[U+{ord(character):04X}]b"
    assert visible(text, lambda _: "?") == "a?b"


def test_sql_forbids_the_same_characters():
    for text in [*PLAIN, *FORBIDDEN]:
        query = "select regexp_matches(?::varchar, ?)"
        assert duckdb.execute(query, [text, FORBIDDEN_IN_SQL]).fetchone() == (visible(text) != text,), repr(text)


def test_a_part_of_a_line_holds_no_line_end():
    assert in_one_line("a\nb\rc\u2028d\x1b") == "a[U+000A]b[U+000D]c[U+2028]d[U+001B]"


def test_each_text_of_any_depth_is_changed_and_nothing_else():
    data = {"a": ["x", 1, None, ("y", {"b": "z"})], "c": True}
    assert each_text(data, str.upper) == {"a": ["X", 1, None, ["Y", {"b": "Z"}]], "c": True}
