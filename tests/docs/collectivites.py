"""Writes the shipped list of communes and groupements from the package that Etalab makes of the official lists.

    npm pack @etalab/decoupage-administratif@6.0.0
    python -m tests.docs.collectivites etalab-decoupage-administratif-6.0.0.tgz

A body without a SIREN (those of overseas collectivities that have none there) cannot be a member, and is left out. The
population is the municipal one of communes.json: its sum over the country is the one that Insee printed for 2023.
"""

import csv
import gzip
import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

from pipelines.settings import PROJECT_ROOT

FILE = PROJECT_ROOT / "catalogue" / "reference" / "collectivites.csv.gz"
COLUMNS = ("code_insee", "siren", "nom", "type", "population", "groupements")
TYPES = {
    "CC": "communauté de communes",
    "CA": "communauté d’agglomération",
    "CU": "communauté urbaine",
    "METRO": "métropole",
    "MET69": "métropole",
    "EPT": "établissement public territorial",
}


def rows_of(package: Path) -> list[tuple[str | None, str, str, str, int | None, str]]:
    """(code Insee, SIREN, name, type, population, groupements that it belongs to) of every body of the package."""
    with tarfile.open(package) as archive:
        communes, *groups = (_read(archive, name) for name in ("communes", "epci", "ept"))
    groupements = [one for group in groups for one in group]
    belongs: dict[str, list[str]] = {}
    for one in groupements:
        for member in one["membres"]:
            belongs.setdefault(member["code"], []).append(one["code"])
    current = [one for one in communes if one["type"] == "commune-actuelle" and "siren" in one]
    population = {one["code"]: one.get("population", 0) for one in current}
    found = [
        (
            one["code"],
            one["siren"],
            _name(one["nom"]),
            "commune",
            population[one["code"]] or None,
            " ".join(belongs.get(one["code"], [])),
        )
        for one in current
    ]
    for one in groupements:
        inhabitants = sum(population.get(member["code"], 0) for member in one["membres"])
        found.append((None, one["code"], _name(one["nom"]), TYPES[one["type"]], inhabitants or None, ""))
    return sorted(found, key=lambda row: row[1])


def _read(archive: tarfile.TarFile, name: str) -> list[dict[str, Any]]:
    return json.load(archive.extractfile(f"package/data/{name}.json"))


def _name(name: str) -> str:
    """Its name in full, with typographic apostrophes."""
    kind, _, rest = name.partition(" ")
    if kind in ("CC", "CA", "CU"):
        name = f"{TYPES[kind][0].upper()}{TYPES[kind][1:]} {rest}"
    return " ".join(name.replace("'", "’").replace('"', "").split())


def main(package: Path) -> None:
    """Write the file: the same bytes each time."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows(rows_of(package))
    FILE.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
