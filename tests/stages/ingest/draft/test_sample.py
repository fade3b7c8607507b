"""What a sample shows before anything declares it."""

import json
from pathlib import Path

from pipelines.stages.ingest.draft.sample import read_samples


def test_records_under_keys_are_found_with_their_key(tmp_path: Path) -> None:
    record = {"key": "1", "fields": {"ref": "R-1", "log": [{"date": "2024-01-02"}]}}
    path = tmp_path / "tickets_2024.json"
    path.write_text(json.dumps({"code": 0, "objects": {"UserRequest::1": record, "UserRequest::2": record}}))
    (sample,) = read_samples(path, None)
    assert (sample.type, sample.records) == ("json", "objects.*")
    assert sample.rows == [
        (0, ["key", "fields.ref", "*", "../../code"]),
        (1, ["1", "R-1", "UserRequest::1", "0"]),
        (2, ["1", "R-1", "UserRequest::2", "0"]),
    ]


def test_objects_that_are_fields_hold_no_records(tmp_path: Path) -> None:
    ticket = {"id": 1, "demandeur": {"id": 2, "nom": "a"}, "technicien": {"id": 3, "nom": "b"}}
    path = tmp_path / "tickets_2024.json"
    path.write_text(json.dumps({"tickets": [ticket, ticket]}))
    (sample,) = read_samples(path, None)
    assert sample.records == "tickets"
    assert sample.rows[0][1] == ["id", "demandeur.id", "demandeur.nom", "technicien.id", "technicien.nom"]
