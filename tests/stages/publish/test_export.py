"""An export has exactly the published rows in each format; it is valid, verifiable, reproducible, and without any formula."""

import csv
import json
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest
from frictionless import Package

from pipelines.stages.publish.datapackage import title
from pipelines.stages.publish.export import NotExported, write_export
from pipelines.stages.publish.profiles import NotPublished, Table
from pipelines.stages.publish.workbook import FIGURES, README, sheet_names
from tests.deliveries import Depot
from tests.stages.publish.publication import add_public, keyed, publish_small
from tests.stages.transform.conftest import Lab


@pytest.fixture
def lab(depot: Depot) -> Lab:
    lab = keyed(Lab(depot))
    publish_small(lab)
    return lab


def exported(lab: Lab, exercice: int = 2020, profile: str = "interne", release: str | None = None) -> Path:
    return write_export(lab.home, lab.depot.organisation, exercice, profile, release)


def rows(lab: Lab, query: str) -> list[tuple]:
    with duckdb.connect() as db:
        db.execute(f"attach '{lab.home.published / 'millesime.duckdb'}' as p (read_only)")
        return db.execute(query).fetchall()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# the files ------------------------------------------------------------


def test_csv_and_parquet_hold_the_published_rows_exactly(lab: Lab):
    folder = exported(lab)
    for table, keeps in (("marts.fct_depenses", True), ("marts.dim_commune", False), ("rapport.chiffres", True)):
        name = table.partition(".")[2]
        expected = rows(lab, f"from p.{table} {'where exercice <= 2020' if keeps else ''} order by all")
        with duckdb.connect() as db:
            assert db.execute(f"from '{folder}/donnees/{name}.parquet'").fetchall() == expected
            db.execute(f"attach '{lab.home.published / 'millesime.duckdb'}' as p (read_only)")
            db.execute(f"create table t as from p.{table} limit 0")
            db.execute(f"copy t from '{folder}/donnees/{name}.csv' (format csv, header, allow_quoted_nulls false)")
            assert db.execute("from t order by all").fetchall() == expected, name
    content = (folder / "donnees" / "fct_depenses.csv").read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf") and b"\r" not in content
    assert content.splitlines()[1].startswith(b"2019,0,94022,-5.00,0.0,true,2020-01-31,")
    assert rows(lab, "select max(exercice) from p.rapport.chiffres") == [(2021,)]  # a later year, left out above


def test_a_parquet_says_which_publication_it_is_of(lab: Lab):
    folder = exported(lab)
    with duckdb.connect() as db:
        told = dict(
            db.execute(
                f"select decode(key), decode(value) from parquet_kv_metadata('{folder}/donnees/chiffres.parquet')"
            ).fetchall()
        )
        assert told["construction"] == "b1"
        assert told["publication"] == lab.home.published.resolve().name
        (codec,) = db.execute(
            f"select distinct compression from parquet_metadata('{folder}/donnees/chiffres.parquet')"
        ).fetchone()
    assert codec == "ZSTD"


def test_the_csv_for_french_spreadsheets(lab: Lab):
    content = (exported(lab) / "donnees" / "fct_depenses.excel-fr.csv").read_bytes()
    assert content.startswith("\ufeffexercice;numero;".encode())
    lines = list(csv.DictReader(content.decode("utf-8-sig").splitlines(keepends=True), delimiter=";"))
    assert len(lines) == 100
    first = lines[0]
    assert (first["montant_eur"], first["est_reel"], first["date_mandat"]) == ("-5,00", "vrai", "2020-01-31")
    assert {line["objet"] for line in lines} == {"", "\\.", "'+33 1", "'-5", "a\nb;c", "NULL"}


SMALL_TOWN = "update marts.dim_commune set code_commune = '01004' where code_commune = '94054';"


def test_a_code_keeps_its_zeros_and_the_readme_says_what_to_open_it_with(lab: Lab):
    publish_small(lab, more=SMALL_TOWN)
    folder = exported(lab)
    assert "01004;" in (folder / "donnees" / "dim_commune.excel-fr.csv").read_text(encoding="utf-8-sig")
    sheet = openpyxl.load_workbook(folder / "rapport_2020.xlsx")["dim_commune"]
    assert [(cell.value, cell.data_type) for cell in sheet["A"][1:]] == [("01004", "s"), ("94022", "s")]
    text = (folder / "LISEZMOI.txt").read_text(encoding="utf-8")
    assert "Texte" in text and "rapport_2020.xlsx" in text
    concerned = " ".join(text.split()).partition("Colonnes concernées : ")[2].partition(". - ")[0].split(", ")
    assert "dim_commune.code_commune" in concerned and "fct_depenses.objet" not in concerned
    publish_small(lab, 2)
    assert "dim_commune.code_commune" not in (exported(lab) / "LISEZMOI.txt").read_text(encoding="utf-8")


def test_a_unit_is_no_formula(lab: Lab):
    units = "update rapport.chiffres set unite = '%' where exercice = 2019; update rapport.chiffres set unite = '%d' where exercice = 2020;"
    publish_small(lab, more=units)
    folder = exported(lab)
    with (folder / "donnees" / "chiffres.excel-fr.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [line["unite"] for line in csv.DictReader(file, delimiter=";")] == ["'%d", "%", "'%d"]
    sheet = openpyxl.load_workbook(folder / "rapport_2020.xlsx")["chiffres"]
    assert {cell.value for cell in sheet["D"][1:]} == {"%", "'%d"}


def test_checksums_are_those_of_every_file(lab: Lab):
    folder = exported(lab)
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert len(done.stdout.splitlines()) == len(files(folder)) - 1
    (folder / "donnees" / "chiffres.csv").write_bytes(b"autre")
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "donnees/chiffres.csv: " in done.stdout


def test_the_same_publication_gives_the_same_bytes(lab: Lab):
    (lab.home.published / "scdl").mkdir()
    (lab.home.published / "scdl" / "budget_2020.csv").write_text("BGT_ANNEE\n2020\n")
    first = files(exported(lab))
    assert "scdl/budget_2020.csv" in first
    folder = exported(lab)
    assert files(folder) == first
    assert files(exported(lab, release="2020-v1"))["LISEZMOI.txt"] != first["LISEZMOI.txt"]


def test_readme(lab: Lab):
    text = (exported(lab, release="2020-v2") / "LISEZMOI.txt").read_text(encoding="utf-8")
    assert "Version 2020-v2, publication " in text and "construction b1." in text
    assert "- dim_commune (marts, 2 lignes) : Communes : l’annuaire." in text
    assert "Profil interne : à ne pas diffuser" in text and "Diffusion interne." in text
    assert "'" not in text


# the package ------------------------------------------------------------


def test_the_package_is_valid_and_describes_every_column(lab: Lab):
    folder = exported(lab)
    report = Package(str(folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "fieldName", "message"])[:5]
    assert len(report.tasks) == len(
        rows(lab, "from duckdb_tables() where database_name = 'p' and table_name <> 'fraicheur'")
    )
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    found = {resource["name"]: resource for resource in described["resources"]}
    spent = {field["name"]: field for field in found["fct_depenses"]["schema"]["fields"]}
    assert spent["montant_eur"] == {
        "name": "montant_eur",
        "type": "number",
        "title": "Montant",
        "description": "Montant, en euros.",
        "unit": "EUR",
    }
    kinds = {name: field["type"] for name, field in spent.items()}
    assert (kinds["exercice"], kinds["est_reel"], kinds["date_mandat"]) == ("integer", "boolean", "date")
    assert found["chiffres"]["schema"]["primaryKey"] == ["code", "exercice"]
    assert found["chiffres"]["rows"] == 3
    assert found["dim_commune"]["description"] == "Communes : l’annuaire."
    assert "licenses" not in described and described["version"].startswith("provisoire-")


def test_the_package_says_what_a_portal_asks_and_what_links_its_tables(lab: Lab):
    town = {"code_insee": "94022", "siren": "219400223", "nom": "Choisy-le-Roi"}
    said = lab.home.organisation_file.read_text(encoding="utf-8")
    lab.home.organisation_file.write_text(f"{said}collectivites: [{json.dumps(town)}]\n", encoding="utf-8")
    folder = exported(lab)
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert described["temporal"] == {"start": "2019-01-01", "end": "2020-12-31"}
    assert described["spatial"] == {"title": "Syndicat d’essai", "zones": ["fr:commune:94022"]}
    assert described["frequency"] == "annual" and {"a", "SE", "rapport d’activité"} <= {*described["keywords"]}
    found = {resource["name"]: resource["schema"] for resource in described["resources"]}
    assert found["fct_depenses"]["foreignKeys"] == [
        {"fields": ["code_commune"], "reference": {"resource": "dim_commune", "fields": ["code_commune"]}}
    ]
    assert "foreignKeys" not in found["dim_commune"]
    assert Package(str(folder / "datapackage.json")).validate().valid
    path = folder / "donnees" / "dim_commune.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("94022", "94023"), encoding="utf-8")
    wrong = Package(str(folder / "datapackage.json")).validate().flatten(["name", "type"])
    assert "foreign-key" in {kind for _, kind in wrong}


def test_a_changed_file_is_no_longer_valid(lab: Lab):
    folder = exported(lab)
    path = folder / "donnees" / "chiffres.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("12345.675000", "douze mille"), encoding="utf-8")
    assert not Package(str(folder / "datapackage.json")).validate().valid


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("Montant, en euros.", "Montant"),
        ("Type : incident ou demande.", "Type"),
        ("Code Insee", "Code Insee"),
        ("", ""),
    ],
)
def test_a_title_is_the_first_clause_of_a_description(comment: str, expected: str):
    assert title(comment) == expected


# the workbook ------------------------------------------------------------


def test_no_cell_of_the_workbook_is_a_formula_or_a_link(lab: Lab):
    book = openpyxl.load_workbook(exported(lab) / "rapport_2020.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n", "b", "d"}
    assert [cell for cell in cells if cell.hyperlink] == []
    texts = {cell.value for cell in cells if cell.data_type == "s"}
    assert {'\'=1+1 ; « L’Haÿ », "ou" @', "'+33 1", "'-5", "'=Absent"} <= texts
    assert not {'=1+1 ; « L’Haÿ », "ou" @', "+33 1", "-5", "=Absent"} & texts


def test_the_workbook_shows_each_figure_as_printed_and_exact(lab: Lab):
    book = openpyxl.load_workbook(exported(lab) / "rapport_2020.xlsx")
    assert book.sheetnames[:2] == [README, FIGURES]
    head, *lines = [[cell.value for cell in row] for row in book[FIGURES].iter_rows()]
    figures = {(line[0], line[1]): dict(zip(head, line, strict=True)) for line in lines}
    assert list(figures) == [("a.absent", 2020), ("a.total", 2020), ("a.total", 2019)]
    total = figures["a.total", 2020]
    assert total["Valeur imprimée"] == "12\u202f345,68\u00a0€"
    assert Decimal(str(total["Valeur exacte"])) == Decimal("12345.675")
    assert (total["Source"], total["Formule"]) == ("s/t", "Somme.")
    assert total["Contrôle"] == "pas de valeur publiée à comparer"
    assert (total["État"], total["Part manquante"], total["Montant manquant (€)"]) == ("partiel", 0.25, None)
    absent = figures["a.absent", 2020]
    assert (absent["Valeur imprimée"], absent["Valeur exacte"], absent["Code manquant"]) == ("m", None, "m")


def test_the_public_workbook_does_not_say_that_nothing_was_compared(lab: Lab):
    add_public(lab)
    book = openpyxl.load_workbook(exported(lab, profile="public") / "rapport_2020.xlsx")
    head, *lines = [[cell.value for cell in row] for row in book[FIGURES].iter_rows()]
    assert {line[head.index("Contrôle")].partition(" ;")[0] for line in lines} == {"comparaison non diffusée"}


def test_sheets_are_ready_to_read(lab: Lab):
    book = openpyxl.load_workbook(exported(lab) / "rapport_2020.xlsx")
    assert {"fct_depenses", "dim_commune", "chiffres", "constats"} <= set(book.sheetnames)
    for sheet in book:
        assert sheet.freeze_panes == "B2" and sheet.auto_filter.ref, sheet.title
        assert sheet.print_title_rows == "$1:$1" and sheet.page_setup.orientation == "landscape"
    spent = book["fct_depenses"]
    assert spent.max_row == 101
    assert spent["D2"].value == -5 and spent["D2"].number_format == "#,##0.00"
    assert spent["G2"].is_date and spent["F2"].value is True
    assert book.properties.created.isoformat() == "2020-12-31T00:00:00"


def test_long_names_that_begin_alike_are_two_sheets():
    tables = [Table("rapport", f"rpt_{'a' * 40}{n}", "", (), ()) for n in (1, 2)]
    names = list(sheet_names(tables).values())
    assert names == ["a" * 31, "a" * 28 + "~2"]


# profiles and refusals ------------------------------------------------------------


def test_the_public_export_comes_from_the_public_profile_only(lab: Lab):
    shutil.rmtree(lab.home.published / "public")
    with pytest.raises(NotPublished, match="pas de profil public"):
        exported(lab, profile="public")
    identity = add_public(lab)
    folder = exported(lab, profile="public")
    assert {path.name.partition(".")[0] for path in (folder / "donnees").iterdir()} == {"chiffres"}
    assert b"12345" not in b"".join(content for name, content in files(folder).items() if name.endswith(".csv"))
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert identity in described["description"] and described["licenses"][0]["name"] == "etalab-2.0"
    assert Package(str(folder / "datapackage.json")).validate().valid
    assert "Licence Ouverte 2.0 (Etalab)." in (folder / "LISEZMOI.txt").read_text(encoding="utf-8")
    sheets = openpyxl.load_workbook(folder / "rapport_2020.xlsx").sheetnames
    assert sheets == [README, FIGURES, "chiffres"]


def test_a_year_without_figures_is_refused_and_nothing_is_left(lab: Lab):
    with pytest.raises(NotExported, match="aucun chiffre de 2018 n’est publié ; exercices publiés : 2019, 2020, 2021"):
        exported(lab, 2018)
    assert not lab.home.exports.exists()
