"""The PES reader: what a flow holds is read by path, whatever its spelling; nobody is named; a hostile file costs nothing."""

import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.ledger.records import Manifest
from pipelines.settings import Home
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.ingest.readers.tool_formats import pes
from pipelines.stages.ingest.readers.xml_outline import CHUNK
from tests.deliveries import KEY
from tests.stages.ingest.pes_writer import acquit, bordereau, flux, ligne, piece, tiers
from tests.stages.ingest.readers.written_tables import written_tables

MANDATS = [bordereau(1, piece(1, ligne("60612", "12.50"), ligne("6156", "3032", 2)), ht="3044.50")]
TITRES = [bordereau(2, piece(7, ligne("74741", "5.00", who=tiers("21940054600010", "01", "23"))))]
NIR = "1610394054001"
ATTACHED = '<PES_PJ><PJ><Contenu><Fichier MIMEType="application/pdf">{}</Fichier></Contenu></PJ></PES_PJ>'


def rows_of(content: bytes, folder: Path) -> dict[str, list[dict[str, str]]]:
    """Table → its records, as ``written_tables`` gives them."""
    return written_tables(pes, "flux.xml", list(pes.COLUMNS), content, folder)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], dict[str, list[dict[str, str]]]]:
    return lambda content: rows_of(content, tmp_path)


@pytest.fixture
def collect(tmp_path: Path) -> Callable[..., Manifest]:
    """Ingest files by name, as the shipped system declares them."""

    def collected(files: dict[str, bytes]) -> Manifest:
        home, place = Home(tmp_path / "home"), tmp_path / "landing"
        home.root.mkdir(exist_ok=True)
        place.mkdir(exist_ok=True)
        for name, content in files.items():
            place.joinpath(name).write_bytes(content)
        return ingest(home, load_catalogue().registry.export_of("pes/flux"), 2016, sorted(place.iterdir()), KEY)

    return collected


def refusal(content: bytes, folder: Path) -> DeliveryRefused:
    with pytest.raises(DeliveryRefused) as caught:
        rows_of(content, folder)
    return caught.value


def test_spelling_prefix_and_encoding_change_nothing(read) -> None:
    plain = read(flux("F", MANDATS, TITRES))
    swapped = flux("F", MANDATS, TITRES, encoding="UTF-8", prefix="p")
    for one, other in (("InfoLignePce", "InfoLignePiece"), ("MtBordHT", "MtBordHt")):
        swapped = (
            swapped.replace(one.encode(), b"@").replace(other.encode(), one.encode()).replace(b"@", other.encode())
        )
    assert read(swapped) == plain
    assert [(row["_ligne"], row["IdPce"], row["IdLigne"], row["MtBudget"]) for row in plain["mandats"]] == [
        ("7", "1", "1", "12.50"),
        ("8", "1", "2", "3032"),
    ]
    (paid, owed) = plain["bordereaux"]
    assert (paid["Sens"], paid["NbPieces"], paid["NbLignes"], paid["MtBordHT"], paid["MtLignesHT"]) == (
        *("D", "1", "2"),
        *("3044.50", "3044.50"),
    )
    assert (owed["Sens"], plain["titres"][0]["TiersPublic"]) == ("R", "219400546")


def test_records_on_one_line_are_numbered_by_rank(read) -> None:
    found = read(flux("F", MANDATS, TITRES).replace(b"\n", b""))
    assert [row["_ligne"] for row in found["mandats"]] == ["1", "2"]
    assert [row["_ligne"] for row in found["bordereaux"]] == ["1", "2"]


@pytest.mark.parametrize("before", range(0, 120, 9))
def test_a_tag_at_the_edge_of_what_is_searched_together_is_counted(read, before) -> None:
    whole = flux("F", MANDATS, TITRES)
    at = whole.index(b"<Bordereau>")
    found = read(whole[:at] + b" " * (CHUNK - at - before) + whole[at:])
    assert [len(found[name]) for name in ("bordereaux", "mandats", "titres")] == [2, 2, 1]


def test_names_that_recur_elsewhere_are_not_read(read) -> None:
    """Paths are followed: the schema has an Exercice in an invoice, an IdTiers in a contract, a PJ in a piece."""
    recurring = (
        '<PES_Facture><Bordereaux><Exer V="1999"/><LigneDePieces/></Bordereaux></PES_Facture><PJ><IdTiers V="1"/></PJ>'
    )
    inside = [bordereau(1, piece(1, ligne("60612", "12.50"), more='<PJ V="12"/><PJRef><IdPce V="999"/></PJRef>'))]
    found = read(flux("F", inside, end=recurring))
    assert [(row["IdPce"], row["Exer"]) for row in found["mandats"]] == [("1", "2016")]


@pytest.mark.parametrize(
    ("who", "kept"),
    [
        (tiers("21940054600010", "01", "23"), "219400546"),
        (tiers("219400546", "02", "50"), "219400546"),
        (tiers("219400546", "02", "01"), ""),  # a person, whatever the number says
        (tiers(NIR, "04", "50"), ""),
        (tiers(NIR + "60", "01", "50"), ""),  # a NIR said to be a SIRET
        (tiers("219400546", "", "23"), "TIERS"),  # an identifier of no known kind
        (tiers(category="23", name="COMMUNE D’ORLY".replace("’", " ")), "COMMUNE D ORLY"),
        (tiers(category="50", name="ENTREPRISE"), ""),
        (tiers("219400546", "02", "23", "03") + tiers("219400223", "02", "23", "01"), "219400223"),
        (tiers("219400546", "02", "23", "03") + tiers("219400223", "02", "23", "03"), ""),
        ("", ""),
    ],
)
def test_only_what_may_be_a_public_body_is_read_of_a_tiers(read, who, kept) -> None:
    (row,) = read(flux("F", [], [bordereau(1, piece(1, ligne("7788", "1.00", who=who)))]))["titres"]
    assert row["TiersPublic"] == kept
    assert NIR not in str(row)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "FIC-VIDE"),
        (b"<PES_Retour/>", "FIC-NATURE"),
        (b"Exercice;Budget\n", "FIC-XML"),
        (flux("F", MANDATS)[:-30], "FIC-XML"),
        (flux("F", MANDATS, start='<!DOCTYPE a [<!ENTITY e "x">]>'), "FIC-DOCTYPE"),
        (flux("F", MANDATS).replace(b'<Exer V="2016"/>', b'<Exer V="2016"/><Exer V="2017"/>'), "FIC-XML"),
        (flux("F", MANDATS, encoding="UTF-16").decode("utf-16").encode("utf-16"), "FIC-ENCODAGE"),
        (flux("F", MANDATS, start="<!-- <Bordereau> -->"), "FIC-ENCODAGE"),
    ],
)
def test_what_is_no_whole_flow_is_refused(content, code, tmp_path) -> None:
    assert refusal(content, tmp_path).code == code


def test_an_amount_that_is_none_refuses_its_line_and_no_other(collect) -> None:
    wrong = [
        piece(n, ligne("60612", text)) for n, text in enumerate(("1_000", "1e3", "NaN", "1,5", "", "2.00"), start=1)
    ]
    wrong.append(piece(7, ligne("60612", "1.00", tva="x")))
    counts = collect({"flux.xml": flux("F", [bordereau(1, *wrong)])}).tables["mandats"]
    assert (counts.lues, counts.acceptees, counts.refusees) == (7, 1, 6)


def test_the_sign_of_an_amount_changes_nothing(read) -> None:
    (row,) = read(flux("F", [bordereau(1, piece(1, ligne("60612", "+12.50")))]))["bordereaux"]
    assert row["MtLignesHT"] == "12.50"


def test_a_zip_is_read_as_the_files_that_it_holds_and_a_broken_one_loses_no_other(collect, tmp_path) -> None:
    files = {"a.xml": flux("A", MANDATS), "b.xml": flux("B", [], TITRES), "a.acquit.xml": acquit("A", (5, 1, 1, None))}
    with zipfile.ZipFile(tmp_path / "lot.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(f"janvier/{name}", content)
        archive.writestr("janvier/d.xml", flux("D", MANDATS)[:-30])
    manifest = collect({"lot.zip": (tmp_path / "lot.zip").read_bytes(), "c.xml": flux("C", MANDATS)[:-30]})
    counts = {name: (table.lues, table.acceptees, table.refusees) for name, table in manifest.tables.items()}
    assert counts == {"bordereaux": (4, 2, 2), "mandats": (2, 2, 0), "titres": (1, 1, 0), "acquits": (1, 1, 0)}


def test_many_files_are_typed_a_few_at_a_time(collect) -> None:
    files = {
        f"f{n:03}.xml": flux(f"F{n}", [bordereau(n, piece(n, ligne("60612", "x" if n % 30 == 0 else "1.00")))])
        for n in range(1, 101)
    }
    manifest = collect(files)
    counts = {name: (table.lues, table.acceptees, table.refusees) for name, table in manifest.tables.items()}
    assert counts == {"bordereaux": (100, 100, 0), "mandats": (100, 97, 3), "titres": (0, 0, 0), "acquits": (0, 0, 0)}


def test_an_attached_document_costs_no_memory(tmp_path) -> None:
    path = tmp_path / "flux.xml"
    path.write_bytes(flux("F", MANDATS, end=ATTACHED.format("QUJD" * 13_000_000)))
    tracemalloc.start()
    pes.read(path, "flux.xml", list(pes.COLUMNS), tmp_path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size > 50_000_000 and most < 12_000_000
