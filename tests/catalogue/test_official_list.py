"""The shipped list of communes and groupements, and the script that makes it from the package."""

import io
import json
import tarfile
from pathlib import Path

import duckdb

from pipelines.catalogue.organisation import Collectivite
from tests.docs.collectivites import FILE, rows_of


def test_every_body_of_the_list_can_be_a_member_and_the_population_is_that_of_insee() -> None:
    rows = duckdb.sql(
        f"select * replace (cast(population as integer) as population) from read_csv('{FILE}', all_varchar = true)"
    ).fetchall()
    for code, siren, name, kind, population, _ in rows:
        Collectivite(code_insee=code, siren=siren, nom=name, type=kind, population=population)  # with its check digit
    communes = [row for row in rows if row[3] == "commune"]
    assert len(communes) == 34875
    counted = [row[4] or 0 for row in communes if not row[0].startswith("976")]
    assert sum(counted) == 68_094_280
    groupements = {row[1] for row in rows if row[3] != "commune"}
    assert {siren for row in communes for siren in (row[5] or "").split()} == groupements


def test_a_package_gives_its_communes_and_groupements(tmp_path: Path) -> None:
    member = {"code": "01001", "siren": "210100012"}
    data = {
        "communes": [
            {"type": "commune-actuelle", "nom": "L'Abergement", "population": 860, **member},
            {"type": "commune-deleguee", "nom": "Ancienne", "code": "01002"},
            {"type": "commune-actuelle", "nom": "Sans SIREN", "code": "97501", "population": 5},
        ],
        "epci": [{"code": "200000628", "type": "CC", "nom": "CC d'Ici", "membres": [member]}],
        "ept": [],
    }
    with tarfile.open(tmp_path / "package.tgz", "w:gz") as archive:
        for name, content in data.items():
            raw = json.dumps(content).encode()
            entry = tarfile.TarInfo(f"package/data/{name}.json")
            entry.size = len(raw)
            archive.addfile(entry, io.BytesIO(raw))
    assert rows_of(tmp_path / "package.tgz") == [
        (None, "200000628", "Communauté de communes d’Ici", "communauté de communes", 860, ""),
        ("01001", "210100012", "L’Abergement", "commune", 860, "200000628"),
    ]
