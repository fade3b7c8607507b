"""Spark makes what DuckDB makes: the demonstration built by each, and every mart, report table and figure compared.

A Spark that cannot run here makes these tests fail: they never skip.
"""

import hashlib
import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.settings import Home, spark_python
from pipelines.stages.transform import spark_session
from pipelines.stages.transform.dbt import parse
from pipelines.stages.transform.spark import made_by_spark
from tests.end_to_end.conftest import copied, millesime

pytestmark = pytest.mark.long

SCHEMAS = ("intermediate", "controles", "calculs", "marts", "restreint", "rapport")
MADE = "warehouse/current/warehouse.duckdb"
ROUNDED = "rpt_finances__contributions"  # euros per inhabitant


@pytest.fixture(scope="module")
def made(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration, rebuilt with Spark and published."""
    home = copied(demonstration, tmp_path_factory.mktemp("spark"))
    done = millesime(home, "run", "2018", "2019", "2020", "--full", MILLESIME_ENGINE="spark")
    assert done.returncode == 0, done.stderr
    return home


def tables(home: Path) -> list[str]:
    """``<schema>.<table>`` of every model that is a table."""
    manifest = json.loads((home / "dbt" / "target" / "entrepot" / "manifest.json").read_text(encoding="utf-8"))
    return sorted(
        f"{node['schema']}.{node['alias']}"
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["materialized"] == "table"
    )


def differing(db: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> int:
    """How many rows are in only one of the two relations; their types may differ, but not their values."""
    columns = db.execute(f"describe from {ours}").fetchall()
    cast = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind, *_ in columns)
    assert [name for name, *_ in db.execute(f"describe from {theirs}").fetchall()] == [name for name, *_ in columns]
    return db.execute(
        f"select count(*) from ((from {ours} except all select {cast} from {theirs}) "
        f"union all (select {cast} from {theirs} except all from {ours}))"
    ).fetchone()[0]


def test_every_table_is_the_same_by_both_engines(demonstration: Path, made: Path) -> None:
    names = tables(demonstration)
    with duckdb.connect() as db:
        db.execute(f"attach '{demonstration / MADE}' as duck (read_only)")
        db.execute(f"attach '{made / MADE}' as spark (read_only)")
        assert [name for name in names if differing(db, f"duck.{name}", f"spark.{name}")] == []
        (figures,) = db.execute("select count(*) from spark.rapport.chiffres").fetchone()
        # the sum of integers is a HUGEINT in DuckDB alone: nobody compared a file with itself
        assert db.execute(
            "select count(*) from duckdb_columns() where database_name = 'spark' and schema_name = 'calculs' and data_type = 'HUGEINT'"
        ).fetchone() == (0,)
    counted = Counter(name.partition(".")[0] for name in names)
    assert counted.keys() == set(SCHEMAS) and counted["marts"] > 40 and counted["rapport"] > 50 and figures > 700


def test_what_is_published_is_the_same_to_the_byte(demonstration: Path, made: Path) -> None:
    before, after = (
        {
            path.relative_to(home / "published").as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((home / "published").rglob("*.parquet"))
        }
        for home in (demonstration, made)
    )
    assert before.keys() == after.keys() and len(before) > 100
    assert [name for name in before if before[name] != after[name]] == []


def test_one_cent_more_in_a_macro_of_spark_is_seen_and_a_bad_cast_is_an_error(
    demonstration: Path, tmp_path: Path
) -> None:
    home = copied(demonstration, tmp_path)
    macro = home / "dbt" / "macros" / "ratio.sql"
    said, exact = (
        macro.read_text(encoding="utf-8"),
        "nullif(cast(({{ denominator }}) as decimal(30, 6)), 0), {{ decimals }})",
    )
    assert said.count(exact) == 1
    (home / "dbt_project" / "macros").mkdir(parents=True)
    (home / "dbt_project" / "macros" / "ratio.sql").write_text(said.replace(exact, f"{exact} + 0.01"), encoding="utf-8")
    bad = home / "dbt_project" / "models" / "intermediate" / "int_communs__mauvais.sql"
    bad.parent.mkdir(parents=True)
    bad.write_text(
        "select cast(sigle || 'x' as integer) as n from {{ source('organisation', 'profil') }}\n", encoding="utf-8"
    )

    where = Home(home)
    compose = load_catalogue(where)
    parse(compose, where)
    shutil.copyfile(where.warehouse, where.warehouse_next)
    with made_by_spark(where, f"+{ROUNDED}", "int_communs__mauvais") as (results, rows):
        became = {result.name: result for result in results}
        assert became[ROUNDED].status == "success"
        assert became["int_communs__mauvais"].status == "error"
        assert "CAST_INVALID_INPUT" in became["int_communs__mauvais"].message
        with duckdb.connect(str(where.warehouse), read_only=True) as db:
            assert differing(db, f"rapport.{ROUNDED}", f"({rows(f'rapport.{ROUNDED}')})") > 0


def test_dbt_spark_keeps_the_private_names_by_which_our_settings_prevail() -> None:
    """What it gives each statement, before and after our decision. Once it leaves ANSI alone, ``_decide`` can go."""
    code = (
        "import json, runpy, sys; from dbt.adapters.spark.connections import SparkCredentials as Taken\n"
        "given = lambda: Taken(method='session', host='NA', schema='s').server_side_parameters\n"
        "before = given(); runpy.run_path(sys.argv[1])['_decide'](); print(json.dumps([before, given()]))"
    )
    asked = [spark_python(), "-B", "-P", "-c", code, spark_session.__file__]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"spark.sql.ansi.enabled": "false"}, spark_session.DECIDES]
