"""Spark as the engine of a build, as far as Spark itself is not needed; what it makes is compared in ``end_to_end/test_spark.py``."""

import json
import tempfile
from pathlib import Path

import duckdb
import pytest

from pipelines import settings
from pipelines.settings import WrongSetting
from pipelines.stages.transform import spark
from pipelines.stages.transform.dbt import ENGINE, NodeResult
from tests.stages.transform.conftest import Lab, makers

FAILED = NodeResult("fct_a", "model", "error", None, "Runtime Error: CAST_INVALID_INPUT", "model.projet.fct_a")
MADE = NodeResult("fct_a", "model", "success", None, None, "model.projet.fct_a")
DID = """import json, os, pathlib, sys
asked = json.load(sys.stdin)
folder = pathlib.Path(asked["folder"])
(pathlib.Path(__file__).parent / "asked.json").write_text(
    json.dumps(asked | {"files": sorted(os.listdir(folder / "sources")), "where": os.getcwd()})
)
"""


@pytest.fixture(autouse=True)
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "python").touch()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").touch(0o700)
    monkeypatch.setenv("MILLESIME_ENGINE", "spark")
    monkeypatch.setenv("MILLESIME_SPARK_PYTHON", str(tmp_path / "python"))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.delenv("SPARK_CONF_DIR", raising=False)


def program(folder: Path, text: str) -> None:
    """Stand in for Spark's process."""
    (folder / "program.py").write_text(DID + text, encoding="utf-8")
    (folder / "python").write_text(f'#!/bin/sh\nexec python3 "{folder}/program.py" "$@"\n', encoding="utf-8")
    (folder / "python").chmod(0o700)


def answering(folder: Path, answer: NodeResult, *, made: str = "") -> None:
    """Spark's process answers so, and leaves the rows of a query as those of ``marts.fct_a``."""
    said = {name: value for name, value in vars(answer).items() if name != "sql"}
    text = f'(folder / "answers.json").write_text({json.dumps(json.dumps([said]))})\n'
    if made:
        duckdb.execute(f"copy ({made}) to '{folder}/rows.parquet'")
        text += 'table = folder / "tables/marts.db/fct_a"; table.mkdir(parents=True)\n'
        text += f'(table / "part.parquet").write_bytes(pathlib.Path("{folder}/rows.parquet").read_bytes())\n'
    program(folder, text)


def test_an_unknown_engine_is_refused(monkeypatch):
    monkeypatch.setenv("MILLESIME_ENGINE", "postgres")
    with pytest.raises(WrongSetting, match="MILLESIME_ENGINE est duckdb ou spark, et non « postgres »"):
        settings.refuse_wrong()


def test_where_dbt_spark_is_not_installed_nothing_begins(tmp_path: Path):
    (tmp_path / "python").unlink()
    with pytest.raises(WrongSetting, match="make spark"):
        settings.refuse_wrong()


@pytest.mark.parametrize("said", ["", "PATH"])
def test_where_java_is_not_nothing_begins(tmp_path: Path, monkeypatch, said: str):
    (tmp_path / "bin" / "java").unlink()
    if said:
        monkeypatch.delenv("JAVA_HOME")
        monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WrongSetting, match="openjdk-21-jre-headless"):
        settings.refuse_wrong()


def test_spark_gets_every_table_that_models_read(lab: Lab, tmp_path: Path):
    lab.load()
    answering(tmp_path, MADE)
    with spark.made_by_spark(lab.home) as (results, rows):
        made = rows("marts.fct_a")
    asked = json.loads((tmp_path / "asked.json").read_text())
    assert results == [MADE]
    assert (
        made
        == f"select * from read_parquet('{asked['folder']}/tables/marts.db/fct_a/*.parquet', hive_partitioning=false)"
    )
    assert {"lake.essai__lignes.parquet", "organisation.exercices.parquet"} <= set(asked["files"])
    assert asked["sources"]["lake.essai__lignes"].startswith(
        "`code` STRING, `libelle` STRING, `montant` DECIMAL(18,2), `jour` DATE, "
    )
    assert asked["dbt"][0] == "run" and asked["dbt"][asked["dbt"].index("--target") + 1] == "spark"
    assert asked["settings"]["spark.master"] == "local[2]"
    assert (asked["settings"]["spark.local.dir"], asked["where"]) == ("local", asked["folder"])
    assert not Path(asked["folder"]).exists()


def test_duckdb_takes_what_spark_made_of_the_tables_to_build(project: Lab, tmp_path: Path):
    answering(tmp_path, MADE, made="select 'spark' as maker")
    heard = []
    results = spark.build_by_engine(project.home, told=heard.append)
    assert {one.name: one.status for one in results if one.status != "no-op"}["fct_a"] == "success", results
    assert makers(project.home) == {"fct_a": "spark"} and heard


def test_a_home_whose_path_is_a_pattern_is_refused(lab: Lab, tmp_path: Path, monkeypatch):
    lab.load()
    (tmp_path / "a[b]").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "a[b]"))
    (answer,) = spark.build_by_engine(lab.home)
    assert answer.kind == ENGINE and "[ ] { } * ?" in answer.message


def test_the_organisation_says_how_spark_runs(lab: Lab, tmp_path: Path, monkeypatch):
    lab.load()
    answering(tmp_path, MADE)
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    with pytest.raises(WrongSetting, match=r"spark-defaults\.conf n’existe pas"):  # Spark would run here, in silence
        settings.refuse_wrong()
    (tmp_path / "spark-defaults.conf").touch()
    with spark.made_by_spark(lab.home):
        pass
    assert json.loads((tmp_path / "asked.json").read_text())["settings"] == {}


def test_nothing_is_taken_from_a_spark_of_which_a_model_failed(lab: Lab, tmp_path: Path):
    lab.load()
    answering(tmp_path, FAILED)
    assert spark.build_by_engine(lab.home) == [FAILED]  # dbt, which has no project here, is not asked


LOG = """26/11/27 14:41:53 ERROR StandaloneSchedulerBackend: Application has been killed. Reason: All masters are unresponsive!
py4j.protocol.Py4JJavaError: An error occurred
	at java.base/java.lang.Thread.run(Thread.java:1583)
"""
BEGUN = '(folder / "probe").mkdir(); '


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"sys.exit({LOG!r})",
            "Spark ne démarre pas\N{NO-BREAK SPACE}: Application has been killed. Reason: All masters are unresponsive!",
        ),
        ("sys.exit('No module named dbt\\n\\tat java')", "Spark ne démarre pas\N{NO-BREAK SPACE}: No module named dbt"),
        ("", "Spark ne démarre pas\N{NO-BREAK SPACE}: il n’a rien dit"),
        (f"{BEGUN}sys.exit('Dupont')", "Spark s’est arrêté avant la fin (code 1)"),
    ],
)
def test_a_spark_that_does_not_answer_stops_the_build_and_says_why(lab: Lab, tmp_path: Path, text, said):
    lab.load()
    program(tmp_path, text)
    assert spark.build_by_engine(lab.home) == [NodeResult("spark", ENGINE, "error", None, said)]


def test_a_spark_that_does_not_start_names_the_file_that_says_where(lab: Lab, tmp_path: Path, monkeypatch):
    lab.load()
    program(tmp_path, f"sys.exit({LOG!r})")
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    (tmp_path / "spark-defaults.conf").touch()
    (answer,) = spark.build_by_engine(lab.home)
    assert (
        f" comme le dit {tmp_path}/spark-defaults.conf\N{NO-BREAK SPACE}: Application has been killed" in answer.message
    )
