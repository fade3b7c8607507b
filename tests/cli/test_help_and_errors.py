"""What every command must provide: a fast --help, an exit code for each kind of error, and no needless traceback."""

import datetime as dt
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli.app import COMMANDS, GROUPS, millesime
from pipelines.locking import only_writer
from tests.cli.conftest import VENTES_2019
from tests.layers import Layer

HEAVY = {"dagster", "dagster_dbt", "great_expectations", "pandas", "dbt"}
SLOW = HEAVY | {"duckdb", "sqlalchemy", "rich", "pydantic", "yaml", "lxml"}
CALL = """
import sys
from pipelines.cli.app import millesime
try:
    millesime(sys.argv[1:], prog_name="millesime")
except SystemExit as end:
    code = end.code
print("modules", *sorted(m for m in sys.modules if "." not in m), file=sys.stderr)
sys.exit(code)
"""


def call(*arguments: object) -> tuple[int, str, set[str]]:
    """Exit code, standard output and imported packages of a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", CALL, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, set(done.stderr.rpartition("modules ")[2].split())


def test_help_imports_nothing_slow_and_lists_every_command() -> None:
    code, said, modules = call("--help")
    assert code == 0
    assert not modules & SLOW
    assert all(f"  {name} " in said for name in COMMANDS)
    assert all(len(commands) <= 7 for commands in GROUPS.values())


def test_help_takes_less_than_three_tenths_of_a_second_of_processor() -> None:
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([Path(sys.executable).with_name("millesime"), "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.3


@pytest.mark.parametrize("command", [["status", 2019], ["rejects", 2019], ["findings", 2019], ["figures", 2019]])
def test_reading_commands_never_import_the_orchestrator_nor_the_judge(filled, command) -> None:
    # a fresh process does not see the patched folders: the shipped declarations will do
    filled.home.organisation_file.write_text(
        'nom: E\nsigle: E\nsiren: "123456782"\nexercices: {premier: 2019, dernier: 2019}\nsystemes: [absences]\n'
    )
    filled.publish(
        "('essai.ventes.total', 2019, 14.50::decimal(20,6), 'EUR', 2, 'calculé', null, 'partiel', 'T', 'e', 'f')"
    )
    code, said, modules = call("--home", filled.home.root, *command)
    assert code == 0, said
    assert "duckdb" in modules or "sqlalchemy" in modules
    assert not modules & HEAVY


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_is_where_the_group_says_with_its_help(name: str) -> None:
    command = millesime.get_command(None, name)
    assert command.name == name
    assert command.get_short_help_str(200) == COMMANDS[name][1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stauts", "2019"], "vouliez-vous dire « status » ?"),
        (["status", "2018"], "l’exercice 2018 ne fait pas partie de ceux de l’organisation : 2019 à 2030"),
        (["rejects", "2019", "--source", "vente"], "vouliez-vous dire « ventes » ?"),
        (["check", __file__, "--source", "ventes/vente"], "vouliez-vous dire « ventes/ventes » ?"),
        (["run", "2019", "--source", "ventes/vente"], "vouliez-vous dire « ventes/ventes » ?"),
        (["replay", "2019-v9"], "aucune version « 2019-v9 »"),
        (["figures", "2019"], "rien n’est encore publié"),
    ],
)
def test_a_usage_error_ends_with_2_and_helps(bench, arguments: list[str], said: str) -> None:
    result = bench.millesime(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("said", ["0", "-1", "deux", ""])
def test_a_number_of_threads_that_cannot_be_is_a_usage_error(bench, monkeypatch, said: str) -> None:
    path = bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019)
    monkeypatch.setenv("MILLESIME_THREADS", said)
    result = bench.millesime("check", path)
    assert (result.exit_code, f"et non « {said} »" in result.stderr) == (2, True)


def test_a_home_that_does_not_exist_is_reported_with_the_remedy(declared, tmp_path) -> None:
    result = CliRunner().invoke(millesime, ["--home", str(tmp_path / "none"), "status", "2019"])
    assert result.exit_code == 2
    assert "millesime init" in result.stderr


def test_a_mistaken_declaration_names_file_and_line(bench, declared: Layer) -> None:
    declared.write("catalogue/systems/ventes.yml", "system: ventes\ntitel: Ventes\n")
    result = bench.millesime("status", 2019)
    assert result.exit_code == 2
    assert "catalogue/systems/ventes.yml:2 titel" in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_shows_the_traceback_of_an_expected_error(bench) -> None:
    bench.home.organisation_file.unlink()
    assert "Traceback" not in bench.millesime("status", 2019).stderr
    assert "Traceback" in bench.millesime("status", 2019, "--debug").stderr


def test_home_and_debug_may_stand_after_the_command(bench) -> None:
    result = CliRunner().invoke(millesime, ["status", "2019", "--home", str(bench.home.root)])
    assert "ESSAI · exercice 2019" in result.stdout


def test_a_busy_home_ends_with_4_and_says_who_holds_it(bench) -> None:
    with only_writer(bench.home):
        result = bench.millesime("run", 2019)
    assert result.exit_code == 4
    assert str(os.getpid()) in result.stderr


def test_diagnostics_may_be_one_json_object_a_line(bench, monkeypatch) -> None:
    monkeypatch.setenv("MILLESIME_LOG", "json")
    result = bench.millesime("run", 2019, "--source", "absent")
    assert result.exit_code == 2
    with only_writer(bench.home):
        result = bench.millesime("run", 2019)
    (line,) = [json.loads(line) for line in result.stderr.splitlines()]
    assert (result.exit_code, line["level"]) == (4, "error") and line["message"].startswith("Erreur : ")
    assert dt.datetime.fromisoformat(line["time"]).tzinfo is not None
    monkeypatch.setenv("MILLESIME_LOG", "xml")
    assert bench.millesime("status", 2019).exit_code == 2
