"""Pandoc runs within limits, and opens nothing: neither a file of the machine nor an address."""

import pytest

from pipelines.stages.report import pandoc
from pipelines.stages.report.pandoc import NotConverted, converted


def test_it_is_stopped_when_it_takes_too_much_memory_or_time(monkeypatch: pytest.MonkeyPatch):
    page = b"<p>" + b"mot " * 200_000 + b"</p>"
    assert len(converted(page, "html", "plain")) > 700_000
    monkeypatch.setattr(pandoc, "MEMORY", "20m")
    with pytest.raises(NotConverted, match="ne se lit pas"):
        converted(page, "html", "plain")
    monkeypatch.setattr(pandoc, "MEMORY", "1g")
    monkeypatch.setattr(pandoc, "SECONDS", 0.01)
    with pytest.raises(NotConverted, match=r"plus de 0\.01 s"):
        converted(page, "html", "plain")


def test_it_opens_no_file_and_no_address(tmp_path):
    (tmp_path / "secret.txt").write_text("SECRET", encoding="utf-8")
    include = f".. include:: {tmp_path}/secret.txt\n"
    assert b"SECRET" not in converted(include.encode(), "rst", "plain")
    picture = f'<p>a <img src="{tmp_path}/secret.txt" alt="x"> <img src="http://127.0.0.1:9/x.png" alt="y"></p>'
    assert b"SECRET" not in converted(picture.encode(), "html", "docx")
