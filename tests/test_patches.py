"""Functions and constants of ours that tests replace: few, each for what a test cannot have otherwise. Before adding one, look for
a seam, or for the real case."""

import ast
import contextlib
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LEFT = {
    "cli/test_authoring.py": 1,  # dbt, for what is asked of it
    "conftest.py": 1,  # every error of the command line, to hear what it says
    "end_to_end/test_audit_page.py": 1,  # dbt, which does not run
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
    """What a module, or a program that it holds as a text, replaces of ``pipelines``: by its dotted name, in an object imported
    from there, or a module as a whole.
    """
    ours = _ours(tree)
    for node in ast.walk(tree):
        for target in _targets(node):
            parts = str(target.value if isinstance(target, ast.Constant) else ast.unparse(target)).split(".")
            if (parts[0] == "pipelines" or parts[0] in ours) and not {"os", "shutil", "sys", "time"} & {*parts}:
                yield ".".join(parts)
    for program in _programs(tree):
        yield from _replaced(program)


def _ours(tree: ast.Module) -> set[str]:
    """The names of what a module imports from ``pipelines``, of tuples of these, and of the variables of a loop over them."""
    named: list[tuple[ast.expr, ast.expr]] = []
    ours: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            within = f"{node.module or ''}." if isinstance(node, ast.ImportFrom) else ""
            ours |= {one.asname or one.name for one in node.names if f"{within}{one.name}.".startswith("pipelines.")}
        elif isinstance(node, ast.Assign):
            named += [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.For | ast.comprehension):
            named.append((node.target, node.iter))
    for _ in range(2):  # a loop may stand above the tuple that it goes through
        ours |= {target.id for target, value in named if isinstance(target, ast.Name) and _is_ours(value, ours)}
    return ours


def _is_ours(value: ast.expr, ours: set[str]) -> bool:
    if isinstance(value, ast.Tuple | ast.List | ast.Set):
        return any(_is_ours(one, ours) for one in value.elts)
    return isinstance(value, ast.Name) and value.id in ours


def _programs(tree: ast.Module) -> Iterator[ast.Module]:
    """The texts of a module that are Python and import from ``pipelines``: what a test has another process run."""
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    pieces = {id(piece) for text in formatted for piece in text.values}
    for node in ast.walk(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node] if id(node) not in pieces else []
        texts = [one.value if isinstance(one, ast.Constant) else "_" for one in parts]
        if "pipelines" in (text := "".join(one for one in texts if isinstance(one, str))):
            with contextlib.suppress(SyntaxError):
                program = ast.parse(textwrap.dedent(text))
                if _ours(program):
                    yield program


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
        if file != Path(__file__)
        for _ in _replaced(ast.parse(file.read_text(encoding="utf-8")))
    )
    assert dict(found) == LEFT


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("from pipelines.runs import judge\njudge.rules = 3", ["judge"]),
        ("import pipelines.runs.judge as ours\nours.rules = 3", ["ours"]),
        ("monkeypatch.setattr('pipelines.runs.judge.rules', 3)", ["pipelines.runs.judge.rules"]),
        ("from pipelines.settings import Home\nfor one in KINDS:\n  one.x = 1\nKINDS = (Home, str)", ["one"]),
        ("CODE = 'from pipelines import settings\\nsettings.shipped = 3'", ["settings"]),
        ("run(f'''\n    from pipelines import settings\n    settings.shipped = Path({root!r})\n''')", ["settings"]),
        ("from pathlib import Path\nPath.x = 1\nCODE = 'import os; os.x = pipelines'", []),
        ("from pipelines.settings import Home\nhome = Home()\nhome.x = 1\nsaid = 'from pipelines, settings'", []),
    ],
)
def test_what_is_replaced_is_seen_in_a_loop_and_in_a_program_too(text, replaced):
    assert list(_replaced(ast.parse(text))) == replaced
