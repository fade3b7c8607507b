"""The declaration to copy in the how-to can be loaded."""

import re
import typing
from pathlib import Path

import yaml

from pipelines.catalogue.source_grammar import CsvFormat, System, TreeFormat

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-source.md"


def test_the_examples_of_other_files_load_and_show_every_format():
    (text,) = re.findall(r"```yaml\n(exports:\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    system = System.model_validate({"system": "exemples", "title": "E", "owner": "E", **yaml.safe_load(text)})
    shown = {export.format.type for export in system.exports}
    assert {*typing.get_args(TreeFormat.model_fields["type"].annotation), "csv", "ods"} - shown == {"jsonl"}
    assert any(isinstance(export.format, CsvFormat) and not export.format.header for export in system.exports)
    assert any(export.archive for export in system.exports)
