"""Functions and constants of ours that tests replace: few, each for what a test cannot have otherwise. Before adding one, look for
a seam, or for the real case."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
LEFT = {
    "cli/test_authoring.py": 1,  # dbt, for what is asked of it
    "cli/test_collecting.py": 2,  # the jobs and the judge, for what the command makes of their answers
    "defs/test_run.py": 5,  # what is left to do and whether it is done: a whole build would take half a minute
    "runs/collect/killing.py": 2,  # the judge, whose loading takes longer than all that is killed; the code of the day
    "stages/ingest/test_balance.py": 1,  # a regular file read as an irregular one
    "stages/ingest/readers/test_csv_file.py": 1,  # a line that the program loses
    "stages/ingest/readers/test_dsn.py": 1,  # a record that the program loses
    "stages/ingest/test_archive.py": 1,  # a file that grows while it is read
    "stages/ingest/test_pseudonym.py": 1,  # SQL that fails on a cell
    "stages/publish/secret/test_profile.py": 3,  # a search that forgets to hide
    "stages/publish/secret/test_versions.py": 1,  # an archive of before a column was renamed
    "stages/publish/test_restricted.py": 1,  # a publication as a former version made it
    "stages/validate/test_judge.py": 1,  # a small file judged as one of over 2 MB
}


def _replaced(tree: ast.Module) -> Iterator[str]:
    """What a module replaces of ``pipelines``: by its dotted name, in an object imported from there, or a module as a whole."""
    ours = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipelines")
        for alias in node.names
    }
    for node in ast.walk(tree):
        for target in _targets(node):
            parts = str(target.value if isinstance(target, ast.Constant) else ast.unparse(target)).split(".")
            if (parts[0] == "pipelines" or parts[0] in ours) and not {"os", "shutil", "sys", "time"} & {*parts}:
                yield ".".join(parts)


def _targets(node: ast.AST) -> list[ast.expr]:
    """The objects in which a node sets something that is not theirs."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "setattr":
            return node.args[:1]
        if node.func.attr == "setitem" and ast.unparse(node.args[0]) == "sys.modules":
            return node.args[1:2]
    set_ = node.targets if isinstance(node, ast.Assign) else []
    modules = [one.slice for one in set_ if isinstance(one, ast.Subscript) and ast.unparse(one.value) == "sys.modules"]
    return [*modules, *(one.value for one in set_ if isinstance(one, ast.Attribute))]


def test_no_test_replaces_more_of_ours_than_is_listed():
    found = Counter(
        file.relative_to(TESTS).as_posix()
        for file in TESTS.rglob("*.py")
        for _ in _replaced(ast.parse(file.read_text(encoding="utf-8")))
    )
    assert dict(found) == LEFT
