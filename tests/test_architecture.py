"""Architecture rules that no linter checks: which module may import which, what an import may do, names, codes, paths."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.catalogue.dbt.generated import layers
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.rules import Rules
from pipelines.settings import PROJECT_ROOT
from tests.imports import GROUND, PIPELINES, ROOMS, STAGES, graph, imports, modules, name_of, room, stage, tree

# Each room may import those of the lines below it.
LAYERS = [("cli", "defs"), ("runs",), ("stages", "evidence"), ("ledger",), ("catalogue",), (GROUND,)]
BETWEEN_DOORS = {  # `millesime run` runs the jobs of Dagster's door, `millesime serve` opens its pages
    ("pipelines.cli.collecting", "pipelines.defs.run"),
    ("pipelines.cli.deciding", "pipelines.defs.history"),
    ("pipelines.cli.keeping", "pipelines.defs.web"),
}
# The doors that still ask a stage something: this list only ever gets shorter.
DOORS_ON_STAGES = {
    "pipelines.cli.app": {"extract", "report"},
    "pipelines.cli.auditing": {"transform"},
    "pipelines.cli.authoring": {"ingest", "transform", "validate"},
    "pipelines.cli.collecting": {"extract", "ingest", "validate"},
    "pipelines.cli.contenu": {"publish", "report"},
    "pipelines.cli.contracts": {"publish"},
    "pipelines.cli.exporting": {"publish"},
    "pipelines.cli.reading": {"ingest"},
    "pipelines.cli.rejects": {"validate"},
    "pipelines.cli.releasing": {"publish"},
    "pipelines.cli.transmitting": {"report"},
    "pipelines.defs.jobs": {"ingest"},
    "pipelines.defs.transform": {"transform"},
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
    "docx",
    "docxtpl",
    "fontTools",
    "font_source_sans_pro",
    "scipy",
    "numpy",
]


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


def rank(place: str) -> int:
    return next(index for index, layer in enumerate(LAYERS) if place in layer)


def crossing() -> Iterator[tuple[str, str]]:
    """(importer, imported): every import between two rooms."""
    return ((name, other) for name, others in graph().items() for other in sorted(others) if room(name) != room(other))


def test_every_room_and_every_stage_has_its_place():
    def packages(folder: Path) -> set[str]:
        return {path.parent.name for path in folder.glob("*/__init__.py")}

    assert packages(PIPELINES) == set(ROOMS)
    assert packages(PIPELINES / "stages") == set(STAGES)


def test_imports_run_one_way():
    wrong = [pair for pair in crossing() if rank(room(pair[0])) >= rank(room(pair[1])) and pair not in BETWEEN_DOORS]
    assert wrong == []


def test_no_import_comes_back_to_where_it_started():
    left = dict(graph())  # what imports nothing of what is left goes, until nothing can
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    assert sorted(left) == []


def test_no_stage_sees_another():
    wrong = [
        (name, other)
        for name, others in graph().items()
        for other in sorted(others)
        if stage(name) and stage(other) and stage(name) != stage(other)
    ]
    assert wrong == []


def test_stages_meet_in_runs():
    doors = {name: {stage(other) for other in others if stage(other)} for name, others in graph().items()}
    assert {name: seen for name, seen in doors.items() if seen and room(name) in ("cli", "defs")} == DOORS_ON_STAGES


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("dagster", ["pipelines.defs", "pipelines.definitions"]),
        ("dagster_dbt", ["pipelines.defs"]),
        ("great_expectations", ["pipelines.stages.validate"]),
        (
            "sqlalchemy",
            [
                "pipelines.ledger",
                "pipelines.stages.validate",
                "pipelines.stages.extract",
            ],
        ),
        ("dagster_webserver", ["pipelines.defs.web"]),
        ("pymysql", ["pipelines.stages.extract"]),
        ("psycopg", ["pipelines.stages.publish"]),
        ("xlsxwriter", ["pipelines.stages.publish", "pipelines.stages.report.workbook"]),
        ("docx", ["pipelines.stages.report"]),
        ("docxtpl", ["pipelines.stages.report.acts", "pipelines.stages.report.template"]),
        ("pypandoc", ["pipelines.stages.report.pandoc"]),
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


def test_reading_the_declarations_loads_nothing_heavy():
    """But the grammar of the braces of a text, which takes some hundredths of a second."""
    assert loaded_by(
        "from pipelines.catalogue.load import load_catalogue\nfrom pipelines.catalogue.needs import check\ncheck(load_catalogue())"
    ) == {"jinja2"}


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
        # setting a variable for a library is no reading
        reads = re.findall(r"os\.getenv|environ\.get|os\.environ\[[^]]+\](?! =)", text)
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


# what is shown ------------------------------------------------------------

# The one place that writes to a terminal: what could drive a terminal is made visible.
WRITERS = {"pipelines.cli.output"}


def written(module: ast.Module) -> list[str]:
    """The calls of a module that write to a terminal by themselves."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            owner, _, name = called.rpartition(".")
            stream = owner.startswith(("sys.std", "sys.__std", "click.get_")) and name in ("write", "writelines")
            screen = owner and name in ("echo", "secho", "print", "print_exc", "confirm", "prompt")
            if called == "print" or stream or screen:
                found.append(called)
    return found


def test_all_that_is_shown_passes_one_place():
    rooms = [
        PIPELINES / "cli",
        PIPELINES / "runs",
        PIPELINES / "stages",
        PIPELINES / "evidence",
        PIPELINES / "catalogue",
    ]
    found = {name_of(path): written(tree(path)) for folder in rooms for path in modules(folder)}
    assert {name: calls for name, calls in found.items() if calls and name not in WRITERS} == {}
    assert found["pipelines.cli.output"]


@pytest.mark.parametrize(
    "call", ["click.echo(a)", "print(a)", "sys.stderr.write(a)", "click.secho(a)", "sys.stdout.buffer.write(a)"]
)
def test_another_way_to_a_terminal_is_found(call: str):
    assert written(ast.parse(call))


# codes ------------------------------------------------------------


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_catalogue().rules


def test_every_code_that_is_used_is_explained_and_every_code_explained_is_used(rules):
    families = "|".join(sorted({code.partition("-")[0] for code in rules if "-" in code}))
    written = re.compile(rf"""["']((?:{families})-[A-Z]+(?:-[A-Z]+)*|TOTAL)["']""")
    used: dict[str, set[str]] = {}
    models = [thing.path for thing in load_catalogue().project.models]  # a control may name its code itself
    for path in [*modules(), *models]:
        for code in written.findall(path.read_text(encoding="utf-8")):
            used.setdefault(code, set()).add(name_of(path))
    assert {code: sorted(where) for code, where in used.items() if code not in rules} == {}
    assert sorted(rules.keys() - used.keys()) == []


def test_the_codes_are_explained_in_french(rules):
    for rule in rules.values():
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
        if path.suffix in (".duckdb", ".parquet", ".db", ".pyc", ".key", ".wal", ".deb", ".whl")
        or {"__pycache__", "target", "data", "data-demo", ".venv", "logs"} & set(path.relative_to(PROJECT_ROOT).parts)
    ]
    assert wrong == []


def test_the_tests_of_a_folder_are_collected():
    folders = {path.parent for path in (PROJECT_ROOT / "tests").rglob("test_*.py")}
    assert [str(f) for f in folders if not (f / "__init__.py").exists()] == []
    assert os.path.commonpath([*map(str, folders)]) == str(PROJECT_ROOT / "tests")


def test_a_test_of_a_room_stands_in_the_folder_of_what_it_tests():
    """A module with several files of tests may have a folder of its name."""
    tests = PROJECT_ROOT / "tests"
    folders = {path.parent.relative_to(tests) for name in ROOMS for path in (tests / name).rglob("test_*.py")}
    wrong = [str(one) for one in folders if not (PIPELINES / one).is_dir() and not (PIPELINES / f"{one}.py").is_file()]
    assert wrong == []


def test_no_test_imports_another_test_module():
    found = [
        f"{path.relative_to(PROJECT_ROOT)}: {one}"
        for path in modules(PROJECT_ROOT / "tests")
        for one in re.findall(r"^\s*(?:from|import) (tests\.[\w.]*\btest_\w+)", path.read_text(encoding="utf-8"), re.M)
    ]
    assert found == []


# The tables that the engine itself reads by name: what was expected and came, the figures and what they lack.
OF_THE_ENGINE = {
    *(
        "chiffres",
        "controles",
        "dim_collectivite",
        "dim_exercice",
        "fct_absences_declarees",
        "fct_chiffres_publies",
        "fct_collecte",
    ),
    *("fct_lignes_signalees", "int_communs__absences", "int_communs__chiffres_publies", "int_communs__collecte"),
    *("controles__entrees", "ctl_filtres", "int_communs__constats", "int_communs__hors_exercice"),
    *(
        "int_communs__membres",
        "int_communs__membres_nommes",
        "int_communs__series",
    ),
    *(
        "int_communs__trous",
        "rpt_absences_contredites",
        "rpt_collectivites__synthese",
        "rpt_lignes_signalees",
        "rpt_manques",
    ),
    *("rpt_rapprochement_publie", "rpt_sources", "absences/absences"),
}


def test_no_table_of_a_domain_stands_in_the_engine():
    catalogue = load_catalogue()
    tables = [(system.system, table.name) for system, table in catalogue.registry.tables()]
    names = {*layers(catalogue), *(f"{s}__{t}" for s, t in tables), *(f"{s}/{t}" for s, t in tables)}
    named: dict[str, set[str]] = {}
    for path in sorted(PIPELINES.rglob("*.py")):
        nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
        said = {id(node.body[0].value) for node in nodes if _is_documented(node)}
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
                for name in names & set(re.findall(r"\w+(?:/\w+)?", node.value)):
                    named.setdefault(name, set()).add(path.name)
    ours = {name for name in named if name.startswith("chiffres__")} | OF_THE_ENGINE
    assert {name: files for name, files in named.items() if name not in ours} == {}
    assert {*named} >= OF_THE_ENGINE  # no name in the list is unused


def _is_documented(node: ast.AST) -> bool:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(node, kinds) and ast.get_docstring(node) is not None
