"""Functions and constants of ours that tests replace: few, each with its reason. For a new one, make a seam instead."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
LEFT = {
    "catalogue/dbt/test_compose.py": 1,  # reading twice fails
    "cli/conftest.py": 2,  # the day of the command line alone: what was received keeps today's
    "cli/test_authoring.py": 1,  # dbt, for what is asked of it
    "cli/test_withdraw.py": 1,  # a pause between two tries
    "defs/test_run.py": 1,  # an export that is still arriving, then is there
    "end_to_end/test_free_text.py": 2,  # a ledger that remembers nothing published
    "runs/test_ahead.py": 2,  # reading or judging twice fails
    "stages/extract/test_glpi.py": 8,  # somebody writes, or the server dies, between two rows
    "stages/ingest/test_balance.py": 1,  # a regular file read as an irregular one
    "stages/ingest/readers/test_csv_file.py": 1,  # a line that the program loses
    "stages/ingest/test_delivery.py": 1,  # reading twice fails
    "stages/ingest/readers/test_dsn.py": 1,  # a record that the program loses
    "stages/ingest/test_landing.py": 1,  # a file that grows while it is read
    "stages/ingest/test_limits.py": 2,  # sizes that only a file of hundreds of megabytes would reach
    "stages/ingest/test_privacy.py": 1,  # SQL that fails on a cell
    "stages/publish/secret/test_secret.py": 3,  # a search that forgets to hide
    "stages/publish/secret/test_versions.py": 1,  # an archive of before a column was renamed
    "stages/publish/test_postgres.py": 5,  # waits of a server
    "stages/publish/test_postgres_address.py": 1,
    "stages/publish/test_restricted.py": 1,  # a publication as it was made before
    "stages/transform/test_spark.py": 4,  # dbt, for what it is given; waits of a cluster
    "stages/validate/test_judge.py": 1,  # a small file judged as a large one
}


def _replaced(tree: ast.Module) -> Iterator[str]:
    """What a module replaces of ``pipelines``, by the dotted name or by an object imported from there."""
    ours = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipelines")
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setattr":
            target = node.args[0]
            named = target.value if isinstance(target, ast.Constant) else ast.unparse(target)
            parts = str(named).split(".")
            is_ours = parts[0] == "pipelines" or (parts[0] in ours)
            if is_ours and not {"os", "shutil", "sys", "time"} & {*parts}:
                yield str(named)


def test_no_test_replaces_more_of_ours_than_is_listed():
    found = Counter(
        file.relative_to(TESTS).as_posix()
        for file in TESTS.rglob("*.py")
        for _ in _replaced(ast.parse(file.read_text(encoding="utf-8")))
    )
    assert dict(found) == LEFT
