"""Everything a reader sees is in French: help pages, click's own messages, completion; programs get JSON."""

import json
import re
from collections.abc import Iterator

import click
import pytest
from click.shell_completion import ShellComplete

from pipelines.cli.app import COMMANDS, millesime
from tests.cli.conftest import VENTES_2019, Bench, check

ENGLISH = re.compile(
    r"\b(the|of|and|is|are|was|were|with|for|from|when|which|that|this|these|an|by|not|nothing|only|its|their|"
    r"file|year|name|folder|default|required|integer|directory)\b",
    re.IGNORECASE,
)
# What is a name of a tool, of a command or of a file, and no English sentence.
NAMES = re.compile(r"--[a-z-]+|`[^`]*`|\b(Data Package|Table Schema)\b")
TOTAL = "('essai.ventes.total', 2019, 14.50::decimal(20,6), 'EUR', 2, 'calculé', null, 'partiel', 'T', 'essai', 'f')"


def pages(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    """(path, help page) of a command and of those below it."""
    ctx = command.context_class(command, info_name=path)
    yield path, command.get_help(ctx)
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            yield from pages(command.get_command(ctx, name), f"{path} {name}")


def test_every_page_of_help_is_french():
    found = dict(pages(millesime, "millesime"))
    assert len(found) > len(COMMANDS)
    wrong = {path: said for path, text in found.items() if (said := ENGLISH.findall(NAMES.sub("", text)))}
    assert wrong == {}
    assert not [
        path
        for path, text in found.items()
        if re.search(r"\b(INTEGER|TEXT|PATH|FILE|YEAR|NAME|COMMAND|ARGS|CHOICE)\b", text)
    ]


def test_no_line_of_help_begins_with_a_mark_and_a_colon_has_its_space():
    for path, text in pages(millesime, "millesime"):
        assert not re.search(r"^\s*[:;!?»]|«$|^\w+:$", text, re.MULTILINE), path
        assert "\nOptions\u00a0:\n" in text or "\nOptions" not in text, path


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_dbt_without_a_command_shows_its_page(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        millesime(["dbt", *arguments])
    assert ended.value.code == 0 and "dbt [OPTIONS] [ARGUMENTS]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["status"], "Il manque l’argument 'EXERCICE'"),
        (["status", "deux"], "« deux » n’est pas un nombre entier"),
        (
            ["status", "2019", "--formt", "json"],
            "L’option --formt n’existe pas. Vouliez-vous dire l’une de '--format', '--home' ?",
        ),
        (["status", "2019", "--format", "xml"], "« xml » n’est pas l’un de 'text', 'json'"),
        (["status", "2019", "2020"], "Argument en trop : 2020"),
        (["check", "absent.csv"], "« absent.csv » n’existe pas"),
        (["decide", "abc"], "Il manque l’option '--because'"),
        (["decide", "abc", "--because"], "L’option --because attend une valeur"),
        (["audit", "2019", "--sample", "900"], "hors des bornes"),
        (["trace", "essai.x", "2019"], "rien n’est encore publié"),
        (["trace"], "donner un CODE ou une TABLE, puis un EXERCICE"),
        (["trace", "essai.x", "deux"], "« deux » n’est ni un exercice ni COLONNE=VALEUR"),
    ],
)
def test_a_mistake_is_reported_in_french(bench: Bench, arguments: list[str], said: str):
    result = bench.millesime(*arguments)
    assert result.exit_code == 2 and said in result.stderr, result.stderr
    assert "Erreur : " in result.stderr and not ENGLISH.findall(NAMES.sub("", result.stderr))


def test_an_unknown_subcommand_is_reported_in_french(bench: Bench):
    result = bench.millesime("source", "nouvelle")
    assert result.exit_code == 2 and "La commande nouvelle n’existe pas." in result.stderr


def completed(bench: Bench, *arguments: str) -> list[str]:
    """What a shell proposes for the last of the arguments."""
    *before, begun = arguments
    shell = ShellComplete(millesime, {}, "millesime", "_MILLESIME_COMPLETE")
    return [item.value for item in shell.get_completions(["--home", str(bench.home.root), *before], begun)]


def test_a_shell_completes_exercices_codes_and_sources(filled: Bench):
    filled.publish(TOTAL)
    assert completed(filled, "status", "202") == [str(year) for year in range(2020, 2030)]
    assert completed(filled, "trace", "essai.v") == ["essai.ventes.total"]
    assert completed(filled, "figures", "2019", "essai") == ["essai.ventes.total"]
    assert completed(filled, "run", "2019", "--source", "v") == ["ventes", "ventes/ventes"]
    assert completed(filled, "explain", "LIG-TY") == ["LIG-TYPE"]
    assert completed(filled, "compare", "2") == []


def test_a_home_that_is_not_there_completes_to_nothing(bench: Bench, tmp_path):
    bench.home.organisation_file.unlink()
    assert completed(bench, "status", "20") == []


def test_what_a_program_reads_is_json(filled: Bench):
    filled.publish(TOTAL)
    audit = json.loads(filled.millesime("audit", 2019, "--format", "json").stdout)
    assert audit["exercice"] == 2019 and audit["verdict"]["raisons"] == [] and audit["page"].endswith("etat.html")
    path = filled.drop("2020/ventes/ventes_2020.csv", VENTES_2019.replace("2019", "2020"))
    judged = json.loads(filled.millesime("check", path, "--format", "json").stdout)
    assert (judged["export"], judged["exercice"]) == ("ventes/ventes", 2020)
    assert judged["tables"]["ventes"]["refusees"] == 1 and judged["rejets"][0]["regle"] == "LIG-TYPE"
    assert judged["accepted"] is True


def test_every_command_that_reads_the_home_reports_what_lags_behind(filled: Bench):
    filled.publish(TOTAL)
    assert "Attention" not in filled.millesime("findings", 2019).stderr
    filled.drop("2020/ventes/ventes_2020.csv", VENTES_2019.replace("2019", "2020"))
    filled.receive("ventes/ventes", 2020, check("ok", True))
    for command in (["findings", 2019], ["rejects", 2019], ["figures", 2019], ["audit", 2019], ["verify"]):
        said = filled.millesime(*command).stderr
        assert "Attention : ce qui est publié est en retard sur ce qui est accepté : ventes/ventes 2020" in said, (
            command
        )
    assert filled.millesime("trace", "--help").stderr == ""
