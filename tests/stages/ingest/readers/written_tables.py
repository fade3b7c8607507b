"""What the reader of a tool wrote of one file, table by table."""

import csv
from pathlib import Path
from types import ModuleType


def written_tables(
    reader: ModuleType, fichier: str, tables: list[str], content: bytes, folder: Path
) -> dict[str, list[dict[str, str]]]:
    """Table → its records; ``_ligne`` is the physical line. The independent count must agree."""
    path = folder / fichier
    path.write_bytes(content)
    found = {}
    for name, records in reader.read(path, fichier, tables, folder).items():
        with records.path.open(encoding="utf-8", newline="") as file:
            found[name] = [dict(zip(["_ligne", *records.columns], cells, strict=True)) for cells in csv.reader(file)]
        assert records.read == len(found[name])
    return found
