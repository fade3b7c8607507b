"""When one agent is corrected in a tool's export, no row that anybody may read changes.

Two equal versions reveal nothing to a solver; versions that differ are given to one in ``tests/stages/publish/secret``.
"""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.conftest import copied, millesime

pytestmark = pytest.mark.campaign(minutes=1)

EXPORT = "landing/2020/cegid_rh/agents_demonstration_2020.csv"
HEAD = 3  # title, empty line, headings
Edit = Callable[[list[str]], list[str]]


def cell(column: str, value: str) -> Edit:
    """Give this value to the first agent who has another one in ``column``."""

    def edit(lines: list[str]) -> list[str]:
        place = lines[HEAD - 1].split(";").index(column)
        number = next(n for n in range(HEAD, len(lines)) if ";" in lines[n] and lines[n].split(";")[place] != value)
        cells = lines[number].split(";")
        cells[place] = value
        return [*lines[:number], ";".join(cells), *lines[number + 1 :]]

    return edit


CASES: dict[str, Edit] = {
    "left out": lambda lines: [*lines[:HEAD], *lines[HEAD + 1 :]],
    "added": lambda lines: [*lines[: HEAD + 1], lines[HEAD].replace("00117", "90117", 1), *lines[HEAD + 1 :]],
    "sex": cell("Sexe", "M"),
    "birth": cell("Né(e) le", "26/02/1999"),
    "whole time": cell("Temps complet", "N"),
}


OTHERS = ("sex", "added", "birth", "whole time")


def public(home: Path) -> dict[str, list[tuple]]:
    """The rows of every public table, whatever their build, as a solver would get them.

    Not what became of the corrected export: that a part of it is in doubt is told, as it is that its tables stay.
    """
    folder = (home / "published" / "public").resolve()
    rows = "select columns(name -> name <> 'construction') from '{}' {} order by all"
    corrected = {"rpt_sources": "where source not like 'cegid_rh/%'"}
    return {
        path.stem: duckdb.execute(rows.format(path, corrected.get(path.stem, ""))).fetchall()
        for path in sorted(folder.rglob("*.parquet"))
    }


def correct(home: Path, edit: Edit) -> None:
    """Deliver the list of agents again, corrected."""
    file = home / EXPORT
    lines = file.read_bytes().decode("cp1252").splitlines()
    file.write_bytes(("\r\n".join(edit(lines)) + "\r\n").encode("cp1252"))
    done = millesime(home, "run", "2020", "--source", "cegid_rh")
    assert done.returncode in (0, 1, 3), done.stdout + done.stderr


@pytest.mark.parametrize("case", ["left out", *(pytest.param(case, marks=pytest.mark.long) for case in OTHERS)])
def test_one_agent_corrected_changes_no_public_staff_table(demonstration: Path, tmp_path: Path, case: str):
    home = copied(demonstration, tmp_path)
    before, edition = public(home), (home / "published").resolve()
    assert {"rpt_rh__effectifs", "chiffres", "rpt_sources", "fct_stockage"} <= {*before}
    correct(home, CASES[case])
    assert public(home) == before
    assert (home / "published").resolve() != edition  # the internal profile did move
    found = millesime(home, "findings", "2020", "--format", "csv").stdout
    assert ("SEC-MAINTENU" in found) == (case != "whole time")  # of which nothing is public
