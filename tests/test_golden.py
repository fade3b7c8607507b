"""The same files give the same rows and verdicts as long as the versions of the readers and the judge are the same."""

import copy
import dataclasses
import json
import typing
from pathlib import Path

import pytest

from pipelines.catalogue.expectation_types import KINDS
from pipelines.catalogue.source_grammar import CsvFormat, ToolFormat, TreeFormat, WorkbookFormat
from tests.golden import FOLDER, ROWS, SPECS, VERDICTS, Golden, renew

BOTH = pytest.mark.parametrize("golden", [ROWS, VERDICTS], ids=lambda golden: golden.constant)


@BOTH
def test_a_version_gives_what_is_kept(golden: Golden) -> None:
    kept, made = golden.kept(), golden.make()
    assert golden.unsaid(made) == [], f"raise {golden.constant}, then `python -m tests.golden`"
    assert kept == {"version": golden.version, "cases": made}, "run `python -m tests.golden`"


@BOTH
def test_another_answer_is_kept_only_under_another_version(golden: Golden, tmp_path: Path) -> None:
    other = copy.deepcopy(golden.kept()["cases"])
    name = next(iter(other))
    other[name]["gives"] = {"autre": "chose"}
    file = tmp_path / golden.file.name
    file.write_bytes(golden.file.read_bytes())
    changed = dataclasses.replace(golden, file=file, make=lambda: other)
    with pytest.raises(SystemExit, match=f"{name}.*raise {golden.constant}"):
        renew(changed)
    assert file.read_bytes() == golden.file.read_bytes()
    renew(dataclasses.replace(changed, version=golden.version + 1))
    assert json.loads(file.read_text(encoding="utf-8")) == {"version": golden.version + 1, "cases": other}


def test_every_reader_and_every_kind_of_expectation_is_there() -> None:
    import yaml

    formats = [case["format"] for case in yaml.safe_load((FOLDER / "readers.yml").read_text(encoding="utf-8")).values()]
    for model in (CsvFormat, WorkbookFormat, TreeFormat, ToolFormat):
        assert set(typing.get_args(model.model_fields["type"].annotation)) <= {found["type"] for found in formats}
    for key in ("encoding", "delimiter"):
        field = CsvFormat.model_fields[key]
        used = {found.get(key, field.default) for found in formats if found["type"] == "csv"}
        assert used == set(typing.get_args(field.annotation))
    assert {kind for kind, _ in SPECS} == set(KINDS)
