"""The output of commands: tables fit a screen of 80 columns without losing anything, and long work shows its progress."""

import io
import json
import re
import sys
from decimal import Decimal

import pytest

from pipelines.catalogue.organisation import Organisation
from pipelines.cli.output import (
    ShownColumn,
    echo,
    note,
    pairs,
    printable,
    progress,
    table,
    title,
    write_csv,
    write_json,
)
from pipelines.ledger.records import CheckResult
from tests.cli.conftest import Bench, check
from tests.cli.rows import ROWS

LONG = "finances.fonctionnement.depenses.charges_de_personnel.realise"
COLUMNS = [
    ShownColumn("code", "Chiffre"),
    ShownColumn("value", "Valeur", right=True),
    ShownColumn("state", "État"),
    ShownColumn("why", "Pourquoi", folds=True),
]


@pytest.fixture
def eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A screen of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("code", ["a.b", LONG, LONG * 2])
def test_a_table_fits_the_screen_and_nothing_of_it_is_cut(eighty, capsys, code: str) -> None:
    why = "les mois de mars, d’avril et de mai ne sont pas encore arrivés"
    table(COLUMNS, [{"code": code, "value": "12 345 678,90 €", "state": "partiel", "why": why}])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    begins = [lines[0].index(column.heading) for column in COLUMNS]
    begins[1] = begins[2] - len("12 345 678,90 €") - 2  # its heading is on the right
    cells = [[line[a:b] for line in lines[2:]] for a, b in zip(begins, [*begins[1:], 80], strict=True)]
    assert ["".join("".join(one).split()) for one in cells] == [code, "12345678,90€", "partiel", "".join(why.split())]
    parts = [line.strip() for line in cells[0] if line.strip()]
    assert all(part[-1] in "._" for part in parts[:-1])  # a name is broken between its parts
    assert any("12 345 678,90 €" in line for line in lines)  # a number is on one line


def test_things_and_what_they_are_stand_one_under_the_other_where_they_do_not_fit(eighty, capsys) -> None:
    pairs([("a", "une chose"), ("bcd", "une autre")])
    assert capsys.readouterr().out == "  a    une chose\n  bcd  une autre\n"
    for more, lines in ((0, ["  a" + " " * 61 + "une chose"]), (1, ["  a", "      une chose"])):
        pairs([("a", "une chose"), ("b" * 60, "u" * (16 + more))])
        assert capsys.readouterr().out.splitlines()[: len(lines)] == lines
    pairs([("a", "une chose"), ("b" * 60, "une autre, plus longue")])
    assert capsys.readouterr().out.splitlines()[1] == "      une chose"


@pytest.mark.parametrize("invented", [True, False])
def test_a_result_says_whose_it_is_and_whether_it_is_invented(capsysbinary, invented: bool) -> None:
    body = Organisation.model_construct(sigle="SICIO", demonstration=invented)
    title("2019", body)
    assert capsysbinary.readouterr().out.decode() == f"SICIO · 2019{' — DÉMONSTRATION' * invented}\n"
    write_csv(["code", "value"], [{"code": "a;b", "value": Decimal("1234.50")}, {"code": "c"}], body)
    mark = "DÉMONSTRATION" * invented
    written = f'code;value;mention\r\n"a;b";1234,50;{mark}\r\nc;;{mark}\r\n'
    assert capsysbinary.readouterr().out == b"\xef\xbb\xbf" + written.encode()


def test_what_is_not_known_is_an_empty_cell(eighty, capsys) -> None:
    table(COLUMNS, [{"code": "a", "value": None, "state": "absent"}])
    assert re.split(r" {2,}", capsys.readouterr().out.splitlines()[2].strip()) == ["a", "absent"]


@pytest.mark.parametrize("arguments", [("status", 2019), ("figures", 2019)])
def test_each_command_that_prints_a_table_fits_it(filled: Bench, eighty, arguments: tuple) -> None:
    long = CheckResult("k" * 40, "type", None, "warning", False, None, None, "Une règle.", "Corriger.")
    filled.receive("ventes/ventes", 2019, check("ok", True), long)
    filled.publish(ROWS)
    said = filled.millesime(*arguments).stdout
    drawn = [line for line in said.splitlines() if "  " in line.strip() and ":" not in line]
    assert drawn and max(map(len, drawn)) <= 80


def test_elsewhere_than_on_a_terminal_each_step_is_a_plain_line(capsys, monkeypatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress() as say:
        say("collecte 1/2 : ventes/ventes")
        say("collecte 2/2 : \x1b[2J")
    first, second = capsys.readouterr().err.splitlines()
    assert first.split(" s  ") == ["   0", "collecte 1/2 : ventes/ventes"]
    assert "\x1b" not in second


def test_on_a_terminal_one_line_shows_the_step_and_the_time(monkeypatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with progress() as say:
        say("collecte 1/2 : [ventes]")
    assert "0:00:00 collecte 1/2 : [ventes]" in re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue())


def test_a_log_that_is_json_holds_the_steps(capsys, monkeypatch) -> None:
    monkeypatch.setenv("MILLESIME_LOG", "json")
    with progress() as say:
        say("collecte 1/2")
    assert json.loads(capsys.readouterr().err)["message"] == "collecte 1/2"


def test_a_line_may_be_left_empty(capsys) -> None:
    echo()
    assert capsys.readouterr().out == "\n"


def test_a_supplier_cannot_drive_the_terminal() -> None:
    assert printable("a\x1b[2Jb\u202ec\n") == "a[U+001B][2Jb[U+202E]c\n"


def test_a_result_as_json_begins_with_whose_it_is(capsys) -> None:
    write_json({"n": Decimal("1.50"), "said": "été\x1b"}, Organisation.model_construct(sigle="SE", demonstration=True))
    printed = capsys.readouterr().out
    assert "été\\u001b" in printed
    assert list(json.loads(printed).items()) == [
        ("organisation", "SE"),
        ("demonstration", True),
        ("n", 1.5),
        ("said", "été\x1b"),
    ]


@pytest.mark.parametrize(
    ("said", "level"), [("Erreur : rien", "error"), ("Attention : peu", "warning"), ("collecte", "info")]
)
def test_a_diagnostic_as_json_has_its_level(capsys, monkeypatch, said: str, level: str) -> None:
    monkeypatch.setenv("MILLESIME_LOG", "json")
    note(f"  {said}\n")
    (line,) = capsys.readouterr().err.splitlines()  # what collects logs reads one object a line
    found = json.loads(line)
    assert (found["level"], found["message"]) == (level, said) and found["time"].endswith("+00:00")
