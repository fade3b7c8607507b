"""What the files of a folder are, and whether one of them has changed."""

from pathlib import Path

from pipelines.disk import files_below, stamp


def test_the_files_of_a_folder_are_found_at_any_depth_but_through_no_linked_folder(tmp_path: Path):
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    for place in (outside, folder / "a" / "b"):
        place.mkdir(parents=True)
        (place / "file").write_text("x", encoding="utf-8")
    (folder / "linked").symlink_to(outside)
    (folder / "alias").symlink_to(outside / "file")
    (folder / "broken").symlink_to(tmp_path / "nothing")
    found = {Path(file).relative_to(folder).as_posix() for file in files_below(folder)}
    assert found == {"a/b/file", "alias"} == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    }  # fmt: skip
    assert not list(files_below(tmp_path / "nothing"))
    assert not list(files_below(outside / "file"))


def test_the_stamp_of_a_file_changes_when_it_is_written_replaced_or_removed(tmp_path: Path):
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_text("x", encoding="utf-8")
    first = stamp(file)
    assert stamp(file) == first
    file.write_text("xy", encoding="utf-8")
    written = stamp(file)
    other.write_text("xy", encoding="utf-8")
    other.rename(file)
    assert len({first, written, stamp(file)}) == 3
    file.unlink()
    assert stamp(file) is None
