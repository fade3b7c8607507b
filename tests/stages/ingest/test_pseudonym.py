"""Names never enter the lake, and no message or companion file shows a cell of a table that holds some."""

import pytest

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest import part as part_module
from pipelines.stages.ingest.pseudonym import NoKey, fingerprint, key_id, load_key, make_key, pseudonym
from pipelines.stages.ingest.table import IngestFailed
from tests.deliveries import KEY, Depot
from tests.layers import rules

CANARY = "ZZCANARI"
FIELDS = [
    {
        "name": "matricule",
        "title": "Matricule",
        "personal": "pseudonymise",
        "constraints": {"required": True},
    },
    {"name": "nom", "title": "Nom", "personal": "drop", "constraints": {"pattern": "[A-Za-z -]+"}},
    {"name": "naissance", "title": "Naissance", "type": "date", "format": "%d/%m/%Y", "personal": "drop"},
    {"name": "montant", "title": "Montant", "type": "number", "decimalChar": ","},
]
HEADER = "Matricule;Nom;Naissance;Montant\n"


def everywhere(depot: Depot) -> bytes:
    return b"\n".join(name.encode() + content for name, content in depot.lake_files().items())


def test_dropped_and_pseudonymised_cells_are_nowhere_in_the_lake(depot: Depot):
    depot.declare(FIELDS, table={"ignore": [{"column": "matricule", "pattern": "Total", "counts": ["nom"]}]})
    read = depot.csv(
        HEADER
        + f"M-{CANARY};{CANARY};01/02/1970;1,5\n"
        + f"M-{CANARY};{CANARY};31/02/1970;2\n"  # unreadable birth date
        + f"M2;1234 {CANARY};;x\n"
        + f";{CANARY};;{CANARY}\n"  # shifted
        + f"M3;{CANARY}\n"
        + f"Total;4 {CANARY};;\n"
    )
    assert set(read.rows[0]) == {"matricule", "montant", "exercice", "_livraison", "_fichier", "_feuille", "_ligne"}
    assert read.counts == (7, 1, 4, 2)
    assert {row["recu"] for row in read.refused if row["regle"] != "LIG-COLONNES"} == {None}
    assert CANARY.encode() not in everywhere(depot)
    assert (depot.home.archive / read.manifest.files[0].sha256).read_bytes().count(CANARY.encode()) > 1
    assert depot.home.archive.stat().st_mode & 0o777 == 0o700
    assert depot.home.lake.stat().st_mode & 0o777 == 0o700


def test_a_table_without_personal_columns_shows_what_was_received(depot: Depot):
    depot.declare([{**field, "personal": None} for field in FIELDS])
    assert [r["recu"] for r in depot.csv(HEADER + "M1;Le Goff;;x\n").refused] == ["x"]


@pytest.mark.parametrize(
    "content",
    [
        f'M1;"{CANARY};;1\n',
        f'M1;"{CANARY}" x;;1\n',
        f"M1;{CANARY}\0;;1\n",
        f"M1;{CANARY}\xe9;;1\n",
    ],
)
def test_a_refused_delivery_shows_no_cell(depot: Depot, content):
    depot.declare(FIELDS)
    with pytest.raises(DeliveryRefused) as raised:
        depot.csv((HEADER + content).encode("latin-1"))
    assert CANARY not in raised.value.sentence(rules()) + repr(raised.value.as_dict(rules()))
    assert raised.value.__cause__ is None
    assert depot.lake_files() == {}


def test_a_program_error_shows_no_cell(depot: Depot, monkeypatch):
    depot.declare(FIELDS)
    monkeypatch.setattr(part_module, "fine_sql", lambda reading, value: "cast(c1 as integer) = 1")
    with pytest.raises(IngestFailed) as raised:
        depot.csv(HEADER + f"M1;{CANARY};;1\n")
    assert "ConversionException" in str(raised.value)
    assert CANARY not in str(raised.value)
    assert raised.value.__suppress_context__


def test_a_person_has_one_pseudonym_whatever_the_writing(depot: Depot):
    depot.declare(FIELDS)
    read = depot.csv(
        HEADER + "".join(f"{m};;;\n" for m in ("Le Bé", " le  bé ", "LEBÉ", "le be\u0301", "ＬＥ BÉ", "le be"))
    )
    first, *others = read.column("matricule")
    assert others == [first] * 4 + [others[4]]
    assert others[4] != first
    assert first.startswith("k1:") and len(first) == 35


def test_a_pseudonym_depends_on_the_key_and_on_the_column():
    one = pseudonym(KEY, "matricule", "123")
    assert one == pseudonym(KEY, "matricule", "123")
    assert len({one, pseudonym(b"x" * 32, "matricule", "123"), pseudonym(KEY, "nir", "123")}) == 3
    assert pseudonym(KEY, "matricule", None) is None


def test_a_key_and_its_pseudonyms_are_those_that_homes_already_hold():
    """As ``sha256sum`` and ``openssl dgst -hmac`` give them: another version of the engine must know its own again."""
    assert fingerprint(KEY) == "c939fd6108389522"
    assert pseudonym(KEY, "matricule", " le bé") == "k1:93e2f3930230e9e7feaec26ef8e27d56"


def test_a_table_of_which_every_field_is_dropped_keeps_its_lines(depot: Depot):
    depot.declare([FIELDS[1], FIELDS[2]], table={"ignore": [{"column": "nom", "pattern": "Total.*"}]})
    read = depot.csv(f"Nom;Naissance\n{CANARY};01/02/1970\n{CANARY};31/02/1970\n\nTotal x;\n{CANARY};\n")
    assert read.counts == (6, 2, 1, 3)  # the header, a blank line and the total are ignored
    assert [row["_ligne"] for row in read.rows] == [2, 6]
    assert CANARY.encode() not in everywhere(depot)


def test_another_key_makes_another_delivery(depot: Depot):
    from pipelines.stages.ingest.delivery import ingest

    depot.declare(FIELDS)
    path = depot.drop(HEADER + "M1;;;\n")
    one, two = (ingest(depot.home, depot.ref, 2020, [path], key) for key in (KEY, b"x" * 32))
    assert one.delivery != two.delivery
    assert depot.read(one).column("matricule") != depot.read(two).column("matricule")


def test_the_key_is_made_once_and_is_private(tmp_path):
    path = tmp_path / "config" / "millesime" / "a.key"
    make_key(path)
    key = load_key(path)
    assert len(key) == 32
    make_key(path)
    assert load_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["a.key"]
    assert len(key_id(key)) == 8 and fingerprint(key).startswith(key_id(key)) and len(fingerprint(key)) == 16
    assert fingerprint(key) not in key.hex()


def test_two_processes_that_make_the_key_keep_the_first(tmp_path, monkeypatch):
    from pipelines.stages.ingest import pseudonym as module

    path = tmp_path / "key"
    real = module.os.fsync
    monkeypatch.setattr(module.os, "fsync", lambda fd: (real(fd), path.exists() or path.write_bytes(b"first" * 10)))
    make_key(path)
    assert load_key(path) == b"first" * 10


@pytest.mark.parametrize("content", [b"", b"short"])
def test_a_short_key_is_refused(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(NoKey, match="moins de 32 octets"):
        load_key(tmp_path / "key")


@pytest.mark.parametrize(
    ("born", "band", "kept"),
    [
        ("01/01/1970", 5, 50),  # 50 in 2020
        ("31/12/1970", 5, 50),  # the age reached in the year, as on 31 December
        ("31/12/1971", 5, 45),
        ("15/06/1966", 5, 50),
        ("15/06/1965", 5, 55),
        ("15/06/1965", 10, 50),
    ],
)
def test_a_birth_date_becomes_the_lowest_age_of_its_band(depot: Depot, born, band, kept):
    tranche = {"name": "tranche_age", "title": "Né le", "type": "date", "format": "%d/%m/%Y", "personal": "generalise"}
    depot.declare([{"name": "code", "title": "Code"}, {**tranche, "band": band}])
    read = depot.csv(f"Code;Né le\nA;{born}\nB;\nC;31/02/1970\n", exercice=2020)
    assert [row["tranche_age"] for row in read.rows] == [kept, None]
    assert [row["regle"] for row in read.refused] == ["LIG-TYPE"]
    assert born.encode() not in everywhere(depot)
