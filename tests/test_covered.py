"""The report of coverage by room."""

from pathlib import Path

import pytest
from coverage import CoverageData

from tests import covered
from tests.imports import PIPELINES


def test_python_is_counted_by_folder_and_templates_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    data = CoverageData(str(tmp_path / ".coverage"))
    template = next((PIPELINES / "stages" / "report" / "templates").glob("*.j2"))
    data.add_lines({str(PIPELINES / "characters.py"): [], str(template): [1], str(tmp_path / "gone.py"): [1]})
    data.write()
    covered.main()
    *rooms, total = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in rooms] == ["pipelines"]
    assert total.split()[:2] == rooms[0].split()[:2] == ["0.0", "%"]
