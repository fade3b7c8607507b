"""A tool whose files change from one year to the next is one system, each year read as it was then."""

import datetime as dt

import pytest

from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.stages.ingest.landing import files_of
from tests.deliveries import FIELDS, Depot

LAYOUTS = {
    "kind": {
        2018: {"type": "csv", "encoding": {2018: "cp1252", 2019: "utf-8"}, "delimiter": {2018: ";", 2019: ","}},
        2020: {"type": "xlsx"},
    },
    "files": {2018: "vieux*.csv", 2020: "Neuf*.xlsx"},
    "table": {
        "sheet": {2018: None, 2020: "Lignes"},
        "missingValues": {2018: ["-"], 2019: [""]},
        "header": {
            2017: {name: name for name in ("code", "libelle", "montant", "jour")},
            2020: {field["name"]: field["title"] for field in FIELDS},
        },
    },
    "fields": [
        *FIELDS[:2],
        {"name": "montant", "title": "Montant", "type": "number", "decimalChar": {2018: ",", 2019: "."}},
        {"name": "jour", "title": "Jour", "type": "date", "format": {2018: "%d/%m/%Y", 2020: "default"}},
    ],
}
ROWS = [{"code": "é1", "libelle": None, "montant": 1.5, "jour": dt.date(2018, 2, 1)}]


def rows(read) -> list[dict]:
    return [{name: row[name] for name in ROWS[0]} for row in read.rows]


def test_each_year_is_read_as_its_files_were(depot: Depot) -> None:
    depot.declare(**LAYOUTS)
    old = "code;libelle;montant;jour\né1;-;1,5;01/02/2018\n".encode("cp1252")
    assert rows(depot.csv(old, "vieux.csv", exercice=2018)) == ROWS
    assert rows(depot.csv(old, "vieux2.csv", exercice=2017)) == ROWS  # before the first year, as in that one
    same = "code,libelle,montant,jour\né1,,1.5,01/02/2018\n"
    assert rows(depot.csv(same, "vieux.csv", exercice=2019)) == ROWS
    book = depot.workbook({"Lignes": [["Code", "Libellé", "Montant", "Jour"], ["é1", None, 1.5, dt.date(2018, 2, 1)]]})
    assert rows(depot.ingest(book)) == ROWS


def test_landing_awaits_the_files_of_the_year(depot: Depot) -> None:
    depot.declare(**LAYOUTS)
    found = {}
    for exercice in (2019, 2020):
        for name in ("vieux.csv", "Neuf 1.xlsx"):
            depot.drop("", name, exercice=exercice)
        found[exercice] = [path.name for path in files_of(depot.home.landing, depot.ref, exercice)]
    assert found == {2019: ["vieux.csv"], 2020: ["Neuf 1.xlsx"]}


def test_a_new_layout_leaves_the_deliveries_of_other_years_as_they_are(depot: Depot) -> None:
    before = {2018: depot.declare().readings(2018), "layout": depot.ref.layout(2018)}
    depot.declare(kind={"type": "csv", "delimiter": {2018: ";", 2019: ","}})
    assert {2018: depot.ref.readings(2018), "layout": depot.ref.layout(2018)} == before
    assert depot.ref.layout(2019) != {**before["layout"], "exercice": 2019}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": {"type": "csv", "encoding": {2018: "utf8"}}}, "exports.0.format.encoding: une de ces valeurs"),
        ({"kind": {"type": "csv", "title": {2018: "Titre"}}}, "exports.0.format.title: un texte est attendu"),
        ({"table": {"sheet": {2018: None, 2019: "Feuille"}}}, "sheet: pour un classeur seulement"),
    ],
)
def test_a_mistake_in_one_year_is_a_mistake(depot: Depot, wrong: dict, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        depot.declare(**wrong)
