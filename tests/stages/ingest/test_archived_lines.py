"""The line of an original is found in the right sheet or archive member, not in another with the same line number."""

import zipfile

from pipelines.stages.ingest.archived_lines import cells_at
from tests.deliveries import HEADER, Depot

HEAD = ["Code", "Libellé", "Montant", "Jour"]


def test_a_line_of_a_sheet(depot: Depot):
    depot.declare(kind={"type": "xlsx"}, table={"sheet": "C*"})
    path = depot.workbook({"C1": [HEAD, ["A1", "un"]], "C2": [HEAD, ["A2", "deux"]], "Notice": [["x"]]})
    manifest = depot.ingest(path).manifest
    place = ("lignes", "export.xlsx", "C2", 2)
    (cells,) = cells_at(depot.home, depot.ref, manifest, {place})[place]
    assert cells["Libellé"] == "deux"


def test_a_line_of_a_member(depot: Depot):
    depot.declare(export={"archive": "zip"})
    path = depot.drop(b"", "export.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("un", "deux"):
            archive.writestr(f"{name}.csv", f"{HEADER}A1;{name};1,00;03/02/2020\n")
    manifest = depot.ingest(path).manifest
    place = ("lignes", "export.zip/deux.csv", None, 2)
    found = cells_at(depot.home, depot.ref, manifest, {place})
    assert [cells["Libellé"] for cells in found[place]] == ["deux"]
    (depot.home.archive / manifest.files[0].sha256).unlink()
    assert cells_at(depot.home, depot.ref, manifest, {place}) == {}
