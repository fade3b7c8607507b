"""What enters the archive is what was in landing before and after it was copied."""

import os
import shutil
from pathlib import Path

import pytest

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest import archive as archiving
from pipelines.stages.ingest.archive import archive


def test_what_is_archived_is_what_was_there_before_and_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, kept = tmp_path / "export.csv", tmp_path / "archive"
    path.write_bytes(b"a" * 10)
    copy = shutil.copyfile

    def changed_meanwhile(source: Path, target: Path) -> None:
        """Of the same length, and of the same date."""
        seen = path.stat()
        path.write_bytes(b"b" * 10)
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
        copy(source, target)

    monkeypatch.setattr(archiving.shutil, "copyfile", changed_meanwhile)
    with pytest.raises(DeliveryRefused, match="FIC-INSTABLE"):
        archive(path, path.name, kept)
    assert list(kept.iterdir()) == []


def test_a_file_known_already_that_changes_while_it_is_hashed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path, kept = tmp_path / "export.csv", tmp_path / "archive"
    path.write_bytes(b"a")
    archive(path, path.name, kept)
    sha256_of = archiving.sha256_of

    def grows(read: Path) -> str:
        sha = sha256_of(read)
        path.write_bytes(b"ab")
        return sha

    monkeypatch.setattr(archiving, "sha256_of", grows)
    with pytest.raises(DeliveryRefused, match="FIC-INSTABLE"):
        archive(path, path.name, kept)
