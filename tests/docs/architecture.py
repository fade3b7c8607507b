"""Writes the page on architecture from the imports of the code and the docstrings of its packages.

    python -m tests.docs.architecture        writes docs/architecture.md

Nothing but the standard library is needed. A test fails when the page is not what the code says.
"""

import ast
import inspect
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines.settings import PROJECT_ROOT
from tests.imports import GROUND, PIPELINES, ROOMS, STAGES, graph, modules, name_of, room, stage, tree

PAGE = PROJECT_ROOT / "docs" / "architecture.md"
Counts = Counter[tuple[str, str]]

DECLARED = {
    "catalogue": "what is collected, what a figure is, what the report prints, who may see what",
    "expectations": "what a table must satisfy, for Great Expectations",
    "dbt_project": "the SQL: staging, intermediate, marts, figures, tables of the report, controls",
}
# (step, its files in order, what is declared for it): a delivered file on its way to a printed number
WAY = [
    (
        "it lies in `landing/`, and is whole",
        ["pipelines/runs/arriving.py", "pipelines/stages/ingest/landing.py"],
        "`files` of the export, in `catalogue/systems/`",
    ),
    (
        "it is archived and read, in a process with a limit of memory",
        [
            "pipelines/runs/collect.py",
            "pipelines/stages/ingest/delivery.py",
            "pipelines/stages/ingest/archive.py",
            "pipelines/stages/ingest/reading.py",
            "pipelines/stages/ingest/readers/csv_file.py",
        ],
        "`format`; each format has its reader",
    ),
    (
        "its lines become typed rows, or are refused",
        ["pipelines/stages/ingest/table.py", "pipelines/stages/ingest/part.py", "pipelines/stages/ingest/typing.py"],
        "`header` and `fields` of the table, or those of its shape (`catalogue/shapes/`)",
    ),
    (
        "its rows are judged, and the delivery counts or not",
        [
            "pipelines/stages/validate/judge.py",
            "pipelines/stages/accept/decide.py",
            "pipelines/ledger/store.py",
        ],
        "`expectations/`, `catalogue/rules.yml`",
    ),
    (
        "the rows of all deliveries that count fill the warehouse, and dbt makes its tables",
        [
            "pipelines/runs/build.py",
            "pipelines/stages/transform/build.py",
            "pipelines/stages/transform/load.py",
            "pipelines/stages/transform/dbt.py",
        ],
        "`dbt_project/models/`: staging, intermediate, marts",
    ),
    (
        "a figure is computed, and says whether it is whole",
        ["dbt_project/models/calculs/chiffres__etats.sql"],
        "`catalogue/figures/`, compiled into `models/composed/`",
    ),
    (
        "what is found about inputs and tables is gathered",
        ["pipelines/evidence/findings.py"],
        "`dbt_project/models/controles/`",
    ),
    (
        "the tables are published, in one rename",
        [
            "pipelines/runs/publish.py",
            "pipelines/stages/publish/swap.py",
            "pipelines/stages/publish/audit_schema.py",
            "pipelines/stages/publish/secret/public_profile.py",
            "pipelines/stages/publish/secret/choice.py",
        ],
        "`dbt_project/models/rapport/`, `catalogue/secrecy.yml`",
    ),
    (
        "the report is modelled, then laid out",
        [
            "pipelines/stages/report/model.py",
            "pipelines/stages/report/blocks.py",
            "pipelines/stages/report/write.py",
            "pipelines/stages/report/html.py",
        ],
        "`catalogue/report/`, `contenu/<exercice>/` of the home",
    ),
    (
        "and back, from the number to its lines",
        ["pipelines/evidence/trace.py"],
        "`config.meta.lignes` of the models",
    ),
]


def page() -> str:
    """The text of the page."""
    return "\n".join(
        [
            "# Architecture",
            "",
            "`python -m tests.docs.architecture` writes this page from the imports of `pipelines/`; run it again after a change. The text",
            "about each package, called a room, is the docstring of its `__init__.py`.",
            "",
            *_docstring("pipelines"),
            "",
            "## From a delivered file to a printed number",
            "",
            *_way(),
            "",
            "Rooms without Python:",
            "",
            *(f"- `{name}/`: {what}" for name, what in DECLARED.items()),
            "",
            "## Who imports whom",
            "",
            "Each number counts the imports from the modules of one room to those of another. Every room may also import the ground, the",
            "modules listed last, which are not drawn.",
            "",
            "```mermaid",
            *_drawing(),
            "```",
            "",
            *_table(_between(room), [*ROOMS, GROUND]),
            "",
            "Imports of each stage:",
            "",
            *_table(_by_stage(), [*ROOMS, *STAGES]),
            "",
            "## The rooms",
            *(
                line
                for one in ROOMS
                for line in ("", f"### `{one}/`", "", *_docstring(f"pipelines.{one}"), *_within(one))
            ),
            "",
            "### The ground",
            "",
            "Modules that belong to no room. They import only one another.",
            "",
            *(f"- `{name_of(path).partition('.')[2]}`: {_first(name_of(path))}" for path in _ground()),
            "",
        ]
    )


def _way() -> Iterator[str]:
    yield "| step | files | what is declared for it |"
    yield "|---|---|---|"
    for step, files, declared in WAY:
        gone = [file for file in files if not (PIPELINES.parent / file).is_file()]
        assert not gone, gone
        yield f"| {step} | {', '.join(f'`{file}`' for file in files)} | {declared} |"


# imports ------------------------------------------------------------


def _between(of: Callable[[str], str]) -> Counts:
    """(importer, imported) → how many imports, the modules gathered by ``of``."""
    return Counter(
        (of(name), of(other)) for name, others in graph().items() for other in others if of(name) != of(other)
    )


def _by_stage() -> Counts:
    return Counter(
        (room(name), stage(other))
        for name, others in graph().items()
        for other in others
        if stage(other) and stage(name) != stage(other)
    )


def _size(place: str) -> int:
    return sum(room(name) == place or stage(name) == place for name in graph())


# text ------------------------------------------------------------


def _drawing() -> Iterator[str]:
    yield "flowchart TD"
    for one in ROOMS:
        if one != "stages":
            yield f'    {one}["<b>{one}</b><br>{_size(one)} modules"]'
    yield f'    subgraph stages["stages: {_size("stages")} modules"]'
    yield "        direction LR"
    for one in STAGES:
        yield f'        {one}["{one}<br>{_size(one)}"]'
    yield f"        {' ~~~ '.join(STAGES)}"
    yield "    end"
    counts = _between(room)
    for importer, imported in itertools.product(ROOMS, ROOMS):
        if count := counts[importer, imported]:
            yield f"    {importer} -->|{count}| {imported}"


def _table(counts: Counts, order: list[str]) -> Iterator[str]:
    rows = [one for one in order if any(importer == one for importer, _ in counts)]
    columns = [one for one in order if any(imported == one for _, imported in counts)]
    yield f"| imports | {' | '.join(columns)} |"
    yield f"|---|{'--:|' * len(columns)}"
    for row in rows:
        yield f"| **{row}** | {' | '.join(str(counts[row, column] or '') for column in columns)} |"


def _docstring(module: str) -> list[str]:
    """The docstring of a package as Markdown; indented blocks stay so."""
    path = PIPELINES.parent.joinpath(*module.split("."), "__init__.py")
    return inspect.cleandoc(ast.get_docstring(tree(path)) or "").replace("``", "`").splitlines()


def _first(module: str) -> str:
    path = PIPELINES.parent.joinpath(*module.split(".")).with_suffix(".py")
    return (ast.get_docstring(tree(path)) or "").partition("\n")[0].replace("``", "`")


def _within(one: str) -> Iterator[str]:
    """The packages of a room, with the first paragraph of their docstrings."""
    packages = [p.name for p in sorted((PIPELINES / one).iterdir()) if (p / "__init__.py").exists()]
    names = [*STAGES] if one == "stages" else packages
    if names:
        yield ""
    for name in names:
        said = "\n".join(_docstring(f"pipelines.{one}.{name}")).partition("\n\n")[0]
        yield f"- **{name}**: {' '.join(said.split())}"


def _ground() -> list[Path]:
    return [path for path in modules() if room(name_of(path)) == GROUND and name_of(path) != "pipelines"]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
