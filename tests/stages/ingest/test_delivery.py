"""One delivery: its identity, the archive, what is left when it is refused or killed, its exercice."""

import os
import shutil

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.locking import only_writer
from pipelines.stages.ingest.landing import files_of, known_by, unknown_files
from tests.deliveries import FIELDS, HEADER, YEAR, Depot
from tests.stages.ingest.budget_documents import budget, document, line

GOOD = HEADER + "A1;x;1,00;03/02/2020\n"


def test_the_same_bytes_give_the_same_delivery_and_are_not_read_again(depot: Depot):
    depot.declare()
    first = depot.csv(GOOD)
    content, files = depot.lake_files(), depot.written_as()
    assert depot.csv(GOOD).manifest == first.manifest
    assert (depot.lake_files(), depot.written_as()) == (content, files)


def test_what_changes_a_delivery(depot: Depot):
    seen = set()

    def delivery(content=GOOD, name="export.csv", exercice=YEAR, **declared):
        depot.declare(**declared)
        seen.add(depot.csv(content, name, exercice=exercice).manifest.delivery)

    delivery()
    delivery(table={"title": "Un autre titre"})  # says nothing of how the file is read
    assert len(seen) == 1
    delivery(content=GOOD + "\n")
    delivery(name="autre.csv")
    delivery(exercice=2021)
    delivery(table={"missingValues": ["", "-"]})
    delivery(fields=[*FIELDS[:3], {**FIELDS[3], "type": "string", "format": "default"}])
    assert len(seen) == 6


def test_two_readings_of_the_same_bytes_give_the_same_files(depot: Depot):
    depot.declare(table={"ignore": [{"column": "code", "pattern": "Total"}]})
    content = HEADER + "".join(f"A{n};x;{n},00;03/02/2020\n" for n in range(3000)) + "A;x;oups;\nTotal;;;\n"
    depot.csv(content)
    before = depot.lake_files()
    shutil.rmtree(depot.home.lake)
    depot.csv(content)
    assert depot.lake_files() == before


def test_a_lake_that_lost_a_file_is_read_again(depot: Depot):
    depot.declare()
    before = (depot.csv(GOOD), depot.lake_files())
    next(depot.home.lake.rglob("*[0-9a-f].parquet")).unlink()
    assert (depot.csv(GOOD), depot.lake_files()) == before


def test_the_archive_keeps_the_original_under_its_hash(depot: Depot):
    depot.declare()
    (file,) = depot.csv(GOOD).manifest.files
    assert (file.name, file.size) == ("export.csv", len(GOOD.encode()))
    assert (depot.home.archive / file.sha256).read_bytes() == GOOD.encode()
    assert [p.name for p in depot.home.archive.iterdir()] == [file.sha256]


def test_a_file_that_changes_while_it_is_copied_is_refused(depot: Depot, monkeypatch):
    depot.declare()
    path = depot.drop(GOOD)
    real = shutil.copyfile

    def growing(source, target):
        real(source, target)
        with path.open("a") as file:
            file.write("A2;x;2;\n")

    monkeypatch.setattr("pipelines.stages.ingest.archive.shutil.copyfile", growing)
    with pytest.raises(DeliveryRefused) as raised:
        depot.ingest(path)
    assert raised.value.code == "FIC-INSTABLE"
    assert list(depot.home.archive.iterdir()) == []


def test_a_budget_document_that_cannot_be_read_is_a_refused_line_beside_the_others(depot: Depot):
    """It does not refuse the documents that came with it."""
    depot.ref = load_catalogue().registry.export_of("budget/documents")
    voted = [line("6064", "D", CredOuv="10.00")]
    whole = depot.drop(document(budget("01", YEAR, voted)), "a.xml")
    cut = depot.drop(document(budget("02", YEAR, voted))[:-60], "b.xml")
    manifest = depot.ingest(whole, cut).manifest
    assert (manifest.tables["lignes"].acceptees, manifest.tables["lignes"].refusees) == (1, 1)
    assert (manifest.tables["documents"].acceptees, manifest.non_lus) == (2, [])


@pytest.mark.parametrize("content", ["", "Autre\n", HEADER + "A1;x;1;01/01/2018\n", HEADER + '"\n'])
def test_a_refused_delivery_leaves_nothing_in_the_lake(depot: Depot, content):
    depot.declare(table={"exercice": {"column": "jour", "rule": "within"}})
    with pytest.raises(DeliveryRefused):
        depot.csv(content)
    assert depot.lake_files() == {}


def test_leftovers_of_killed_processes_go_with_the_next_holder_of_the_lock(depot: Depot):
    depot.declare()
    depot.csv(GOOD)
    before = depot.lake_files()
    dead = 2**22 + 1  # above any process identifier
    lake, archive = depot.home.lake, depot.home.archive
    (archive / f".lecture-{dead}-abc" / "1").mkdir(parents=True)
    (archive / f".{'0' * 64}.{dead}").write_text("half")
    (lake / "essai" / f".export.2020.x.json.{dead}").write_text("{")
    (lake / "essai" / "lignes" / "2020" / "deadbeef.parquet").write_text("no manifest lists it")
    with only_writer(depot.home):
        depot.csv(GOOD)
    assert depot.lake_files() == before
    assert not list(archive.glob(".*"))


def test_orphans_stay_while_another_process_is_writing(depot: Depot):
    depot.declare()
    depot.csv(GOOD)
    orphan = depot.home.lake / "essai" / "lignes" / "2020" / "beef.parquet"
    orphan.write_text("its manifest comes next")
    working = depot.home.archive / f".lecture-{os.getpid()}-x"
    working.mkdir()
    depot.csv(GOOD)
    assert orphan.exists()
    working.rmdir()
    depot.csv(GOOD)
    assert not orphan.exists()


def rows(*days):
    return HEADER + "".join(f"A{n};x;1;{day}\n" for n, day in enumerate(days))


@pytest.mark.parametrize(
    ("rule", "days", "right"),
    [
        ("within", ["01/01/2020", "31/12/2020", ""], True),
        ("within", ["31/12/2019"], False),
        ("within", ["01/01/2021", "01/02/2020"], False),
        ("within", ["01/02/2020"] * 60 + ["01/01/2021"], True),  # a slip of the pen is no other year
        ("within", ["01/02/2020"] * 60 + ["01/01/2021"] * 2, False),
        ("within", ["01/02/2020"] * 300 + ["01/01/2021"] * 2, True),
        ("not_after", ["01/01/1998", "31/12/2020"], True),
        ("not_after", ["01/01/2021"], False),
        ("within", [], True),
        ("within", [""], True),
    ],
)
def test_the_content_proves_the_exercice(depot: Depot, rule, days, right):
    depot.declare(table={"exercice": {"column": "jour", "rule": rule}})
    if right:
        assert len(depot.csv(rows(*days)).rows) == len(days)
        return
    with pytest.raises(DeliveryRefused) as raised:
        depot.csv(rows(*days))
    assert raised.value.code == "FIC-EXERCICE"
    assert raised.value.colonne == "Jour"
    assert days[raised.value.ligne - 2][-4:] != "2020"


def test_landing_takes_the_files_that_the_pattern_names(depot: Depot):
    ref = depot.declare(files="export*.csv")
    for name in (
        "export_2.csv",
        "export_1.csv",
        "~$export.csv",
        ".export.csv",
        "export.csv.part",
        "exportx.tmp",
        "autre.csv",
    ):
        depot.drop("x", name)
    (depot.home.landing / "2020" / "essai" / "export_dossier.csv").mkdir()
    landing = depot.home.landing
    assert [p.name for p in files_of(landing, ref, 2020)] == ["export_1.csv", "export_2.csv"]
    assert [p.name for p in unknown_files(landing, depot.registry(), 2020)] == ["autre.csv"]
    assert files_of(landing, ref, 2019) == []
    assert unknown_files(landing, depot.registry(), 2019) == []


def test_what_is_no_file_is_named_and_never_opened(depot: Depot):
    depot.declare(files="export*.csv")
    folder = depot.drop("x", "autre.csv").parent
    os.mkfifo(folder / "export_tube.csv")  # nobody writes to it: opening it would wait for ever
    (folder / "boucle").symlink_to("boucle")
    (folder / "parent").symlink_to("..")
    found = unknown_files(depot.home.landing, depot.registry(), 2020)
    assert [p.name for p in found] == ["autre.csv", "boucle", "export_tube.csv", "parent"]
    assert len({known_by(p) for p in found}) == 4


def test_a_name_in_capitals_is_the_same_file_and_two_cases_are_two(depot: Depot):
    ref = depot.declare(files="Export*.csv")
    names = ["EXPORT_1.CSV", "export_1.csv", "Export_é.Csv", "Export_e\u0301.csv"]
    paths = [depot.drop(HEADER + f"A{n};x;1,00;03/02/2020\n", name) for n, name in enumerate(names)]
    assert files_of(depot.home.landing, ref, 2020) == sorted(paths)
    assert unknown_files(depot.home.landing, depot.registry(), 2020) == []
    assert sorted(row["_fichier"] for row in depot.ingest(*paths).rows) == sorted(names)
    assert depot.declare(files="export_é.csv").export.takes("EXPORT_E\u0301.CSV")


@pytest.mark.parametrize(
    ("rule", "days", "silence"),
    [
        ("within", ["30/06/2020", "30/06/2020"], 184),  # a situation drawn on one day
        ("within", ["31/12/2020", "31/12/2020"], 0),
        ("within", [f"{1 + n % 28:02d}/{1 + n % 9:02d}/2020" for n in range(60)], 95),  # 27 September
        ("within", ["01/02/2020", "03/05/2020", "09/06/2020"], None),  # a few events
        ("within", ["30/06/2020"], None),
        ("not_after", ["30/06/2020", "30/06/2020"], None),  # when it was made, not what it covers
    ],
)
def test_an_export_that_stops_early_says_how_many_days_before_the_end(depot: Depot, rule, days, silence):
    depot.declare(table={"exercice": {"column": "jour", "rule": rule}})
    rows = "".join(f"A{n};x;1,00;{day}\n" for n, day in enumerate(days))
    assert depot.csv(HEADER + rows, exercice=2020).manifest.tables["lignes"].jours_sans_ligne == silence


def test_a_pattern_may_name_the_folder_of_the_exercice(depot: Depot):
    ref = depot.declare(files="/absences.csv")
    depot.drop("x", "absences.csv")
    (depot.home.landing / "2020" / "absences.csv").write_text("y")
    assert [p.read_text() for p in files_of(depot.home.landing, ref, 2020)] == ["y"]
