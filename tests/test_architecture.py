"""The rules of the house that no linter knows: who may import whom, what an import may do, names, codes, paths."""

import ast
import functools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.catalogue.rules import RULES
from pipelines.settings import PROJECT_ROOT

PIPELINES = PROJECT_ROOT / "pipelines"
STAGES = ["extract", "ingest", "validate", "accept", "transform", "publish", "report"]
# Each package or module may import those of the lines below it.
LAYERS = [
    ["cli"],
    ["definitions", "defs"],
    ["runs"],
    ["stages", "evidence"],
    ["ledger"],
    ["catalogue"],
    ["settings", "failpoints", "french", "locking", "sql", "disk", "spreadsheet"],
]
# What belongs to one line but is asked by a neighbour of the same one: named here, or refused.
NEIGHBOURS = {
    ("failpoints", "settings"),
    ("locking", "settings"),
    ("definitions", "defs"),
    ("defs", "definitions"),  # the entry point, and the runner that loads it
}
HEAVY = [
    "great_expectations",
    "pandas",
    "sqlalchemy",
    "pymysql",
    "duckdb",
    "dagster",
    "dagster_dbt",
    "dbt",
    "lxml",
    "python_calamine",
    "jinja2",
    "markdown_it",
    "vl_convert",
    "typst",
    "pikepdf",
    "fontTools",
    "font_source_sans_pro",
    "scipy",
    "numpy",
]


def modules(folder: Path = PIPELINES) -> list[Path]:
    return sorted(folder.rglob("*.py"))


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT_ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path, nodes: Iterator[ast.AST] | None = None) -> Iterator[str]:
    """Absolute names of what a module imports, inside functions too."""
    for node in nodes or ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_import(path: Path) -> Iterator[ast.AST]:
    """Every node that runs when the module is imported."""

    def walk(node: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                for decorator in getattr(child, "decorator_list", []):
                    yield decorator
                    yield from walk(decorator)
                continue
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
            yield child
            yield from walk(child)

    return walk(tree(path))


def rank(part: str) -> int:
    for index, layer in enumerate(LAYERS):
        if part in layer:
            return index
    raise AssertionError(f"pipelines.{part} has no place: add it to LAYERS")


def test_imports_run_one_way():
    wrong = []
    for path in modules():
        own = name_of(path).split(".")[1:2]
        if not own:
            continue
        for imported in imports(path):
            other = imported.split(".")[1:2] if imported.startswith("pipelines.") else []
            if not other or other == own:
                continue
            (mine,), (theirs,) = own, other
            if rank(mine) >= rank(theirs) and (mine, theirs) not in NEIGHBOURS:
                wrong.append(f"{name_of(path)} imports {imported}")
    assert wrong == []


def stages_of(names: Iterator[str]) -> set[str]:
    """The stages among dotted names."""
    return {name.split(".")[2] for name in names if name.startswith("pipelines.stages.")}


def test_no_stage_sees_another_and_only_runs_see_two():
    wrong = []
    for path in modules(PIPELINES / "stages"):
        own = stages_of([name_of(path)])
        wrong += [f"{name_of(path)} imports {stage}" for stage in stages_of(imports(path)) - own if own]
    for room in ("evidence", "ledger", "catalogue"):
        for path in modules(PIPELINES / room):
            wrong += [f"{name_of(path)} imports {stage}" for stage in stages_of(imports(path))]
    assert wrong == []


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("dagster", ["pipelines.defs", "pipelines.definitions"]),
        ("dagster_dbt", ["pipelines.defs"]),
        ("great_expectations", ["pipelines.stages.validate"]),
        (
            "sqlalchemy",
            ["pipelines.ledger", "pipelines.stages.validate", "pipelines.defs.event_log", "pipelines.stages.extract"],
        ),
        ("pymysql", ["pipelines.stages.extract"]),
        ("psycopg", ["pipelines.stages.publish"]),
        ("xlsxwriter", ["pipelines.stages.publish"]),
    ],
)
def test_a_library_has_one_home(library, homes):
    users = {name_of(p) for p in modules() if any(i.split(".")[0] == library for i in imports(p))}
    assert [user for user in users if not any(user == h or user.startswith(f"{h}.") for h in homes)] == []


def loaded_by(code: str) -> set[str]:
    """The heavy libraries that a fresh interpreter has loaded after ``code``."""
    script = f"{code}\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=PROJECT_ROOT)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split("\n")[-2].split())


def test_heavy_libraries_are_loaded_only_when_they_are_used():
    light = [
        name_of(path)
        for path in modules()
        if not name_of(path).startswith(
            (
                "pipelines.defs",
                "pipelines.definitions",
                "pipelines.stages.validate.dialect",
                "pipelines.ledger.migrations",
            )
        )
        and path.name not in ("xlsx_child.py", "budget_xml.py")
    ]
    assert loaded_by("\n".join(f"import {name}" for name in light)) == set()


def test_reading_the_declarations_loads_nothing_heavy():
    assert loaded_by("from pipelines.catalogue.registry import load_registry\nload_registry()") == set()


READS = re.compile(
    r"^(open|.*\.(open|getenv|connect|create_engine|read_text|read_bytes|write_text|mkdir|glob|rglob|exists|is_file|run"
    r"|urlopen|load)|load_\w+|os\.environ.*)$"
)


def test_an_import_reads_no_file_no_environment_and_no_network():
    wrong = []
    for path in modules():
        if name_of(path) in ("pipelines.settings", "pipelines.definitions") or "defs" in path.parts:
            continue
        for node in at_import(path):
            asked = node.func if isinstance(node, ast.Call) else node.value if isinstance(node, ast.Subscript) else None
            if asked is not None and READS.match(ast.unparse(asked)):
                wrong.append(f"{name_of(path)}:{node.lineno} {ast.unparse(node)[:80]}")
    assert wrong == []


def test_the_environment_is_read_in_one_place():
    wrong = []
    for path in modules():
        text = path.read_text(encoding="utf-8")
        if name_of(path) == "pipelines.settings":
            continue
        # setting a variable for a library is no reading, nor is asking for the one that was just set
        reads = re.findall(r"os\.getenv|environ\.get|os\.environ\[(?!.DAGSTER_HOME)[^]]+\](?! =)", text)
        wrong += [f"{name_of(path)}: {found}" for found in reads]
    assert wrong == []


def test_no_module_is_named_after_nothing():
    vague = {
        "utils",
        "util",
        "helpers",
        "helper",
        "common",
        "misc",
        "tools",
        "lib",
        "base",
        "core",
        "manager",
    }
    found = [
        name_of(p)
        for folder in (PIPELINES, PROJECT_ROOT / "tests", PROJECT_ROOT / "demo")
        for p in modules(folder)
        if vague & set(p.with_suffix("").parts[len(PROJECT_ROOT.parts) :])
    ]
    assert found == []


def test_every_module_says_what_it_is_for():
    silent = [name_of(p) for p in modules() if p.stat().st_size and not ast.get_docstring(tree(p))]
    assert silent == []


def test_init_files_wire_nothing():
    wrong = []
    for path in PIPELINES.rglob("__init__.py"):
        body = [n for n in tree(path).body if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))]
        if body and path.parent.name != "cli":  # the entry point of `millesime` delays its imports there
            wrong.append(name_of(path))
    assert wrong == []


# codes ------------------------------------------------------------

_FAMILIES = "|".join(sorted({code.partition("-")[0] for code in RULES if "-" in code}))
CODE = re.compile(rf"""["']((?:{_FAMILIES})-[A-Z]+(?:-[A-Z]+)*|TOTAL)["']""")


def test_every_code_that_is_used_is_explained_and_every_code_explained_is_used():
    used: dict[str, set[str]] = {}
    models = sorted((PROJECT_ROOT / "dbt_project" / "models").rglob("*.sql"))  # a control may name its code itself
    for path in [*modules(), *models]:
        if name_of(path) != "pipelines.catalogue.rules":
            for code in CODE.findall(path.read_text(encoding="utf-8")):
                used.setdefault(code, set()).add(name_of(path))
    assert {code: sorted(where) for code, where in used.items() if code not in RULES} == {}
    assert sorted(RULES.keys() - used.keys()) == []


def test_the_codes_are_explained_in_french():
    for rule in RULES.values():
        assert "'" not in rule.titre + rule.aide, f"{rule.code}: the apostrophe is ’"
        assert rule.aide.endswith("."), rule.code
        assert rule.titre[0].isupper() and not rule.titre.endswith("."), rule.code


# what is committed ------------------------------------------------------------

HOSTS = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "ghcr" + ".io",
    "docker" + ".io",
    "npmjs" + ".org",
    "artifactory",
    "nexus.",
]


def committed() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := PROJECT_ROOT / name).is_file()]


def test_no_machine_path_and_no_registry_is_committed():
    own = Path(__file__)
    machine = re.compile(r"(?<![\w.~$}-])/(?:home|root|Users|work|mnt|tmp/(?:spec|bench|exp))/[\w.-]+")
    wrong = []
    for path in committed():
        if path == own or path.suffix in (".xlsx", ".parquet", ".duckdb", ".png", ".xml", ".gz"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if (found := machine.search(line)) or any(host in line for host in HOSTS):
                wrong.append(f"{path.relative_to(PROJECT_ROOT)}:{number} {found[0] if found else line.strip()[:60]}")
    assert wrong[:20] == []


def test_no_data_and_no_generated_file_is_committed():
    wrong = [
        str(path.relative_to(PROJECT_ROOT))
        for path in committed()
        if path.suffix in (".duckdb", ".parquet", ".db", ".pyc", ".key", ".wal")
        or {"__pycache__", "target", "data", "data-demo", ".venv", "logs"} & set(path.relative_to(PROJECT_ROOT).parts)
    ]
    assert wrong == []


def test_the_tests_of_a_folder_are_collected():
    folders = {path.parent for path in (PROJECT_ROOT / "tests").rglob("test_*.py")}
    assert [str(f) for f in folders if not (f / "__init__.py").exists()] == []
    assert os.path.commonpath([*map(str, folders)]) == str(PROJECT_ROOT / "tests")
