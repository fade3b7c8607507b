"""Only the key recorded in the ledger is accepted; what a lost or different key prevents."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli.app import millesime
from pipelines.ledger.store import open_ledger
from pipelines.runs.key import enter_key, key_of
from pipelines.settings import Home
from pipelines.stages.ingest.pseudonym import fingerprint
from tests.cli.conftest import Bench
from tests.deliveries import KEY

OTHER = b"x" * 32


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the homes of these tests look for their key."""
    return tmp_path / "key"


def entered(home: Home) -> list[str]:
    with open_ledger(home) as ledger:
        return [row["fingerprint"] for row in ledger.all_rows("keys")]


def init(home: Path) -> None:
    who = ["--name", "Essai", "--sigle", "E", "--siren", "123456782", "--first", "2019"]
    done = CliRunner().invoke(millesime, ["--home", str(home), "init", *who])
    assert done.exit_code == 0, done.output


def test_init_makes_a_key_and_enters_it(declared, place: Path, tmp_path: Path):
    place.unlink()
    init(tmp_path / "new")
    assert place.stat().st_mode & 0o777 == 0o600
    assert entered(Home(tmp_path / "new")) == [fingerprint(place.read_bytes())]


def test_a_missing_key_is_never_made_anew(filled: Bench, place: Path):
    with filled.work() as work:
        enter_key(work)
    place.unlink()
    said = filled.millesime("check", filled.drop("2020/ventes/ventes_2020.csv", "N°;Jour;Montant\n"))
    assert said.exit_code == 1
    assert said.stderr == (
        f"Erreur : la clé des pseudonymes manque ({place})\u00a0: apporter celle d’empreinte {fingerprint(KEY)} par "
        "`millesime key import FICHIER` ; là où elle est encore, `millesime key export FICHIER` l’écrit\n"
    )
    assert not place.exists()


def test_a_wrong_key_stops_a_run_before_anything_is_read(filled: Bench, place: Path):
    with filled.work() as work:
        enter_key(work)
    place.write_bytes(OTHER)
    filled.drop("2020/ventes/ventes_2020.csv", "N°;Jour;Montant\n")
    before = sorted(filled.home.root.rglob("*"))
    said = filled.millesime("run", 2020)
    assert said.exit_code == 1 and "Traceback" not in said.output
    assert f"(empreinte {fingerprint(OTHER)}) n’est pas celle du registre (empreinte {fingerprint(KEY)})" in said.stderr
    assert [p for p in sorted(filled.home.root.rglob("*")) if p not in before and ".work" not in p.parts] == [
        filled.home.lock_file
    ]


def test_a_key_that_is_too_short_is_refused(filled: Bench, place: Path):
    place.write_bytes(b"court")
    assert "a moins de 32 octets" in filled.millesime("key").stderr


def test_the_key_command_shows_its_place_and_fingerprint_and_never_the_key(filled: Bench, place: Path):
    said = filled.millesime("key")
    assert said.exit_code == 0, said.output
    assert str(place) in said.stdout and fingerprint(KEY) in said.stdout
    assert KEY.decode() not in said.output and KEY.hex() not in said.output


def test_a_key_goes_from_one_place_to_another(filled: Bench, place: Path, tmp_path: Path, monkeypatch):
    with filled.work() as work:
        enter_key(work)
    carried, there = tmp_path / "carried", tmp_path / "elsewhere" / "key"
    assert filled.millesime("key", "export", carried).exit_code == 0
    assert carried.stat().st_mode & 0o777 == 0o600 and carried.read_bytes() == KEY
    assert filled.millesime("key", "export", carried).exit_code == 2  # never over a file
    monkeypatch.setenv("MILLESIME_KEY_FILE", str(there))
    assert filled.millesime("key").exit_code == 1
    done = filled.millesime("key", "import", carried)
    assert done.exit_code == 0, done.output
    assert there.read_bytes() == KEY and there.stat().st_mode & 0o777 == 0o600
    assert KEY.decode() not in done.output
    with filled.work() as work:
        assert key_of(work) == KEY
    assert filled.millesime("key", "import", carried).exit_code == 0  # again


def test_import_refuses_another_key_and_never_writes_over_one(filled: Bench, place: Path, tmp_path: Path):
    with filled.work() as work:
        enter_key(work)
    other = tmp_path / "other"
    other.write_bytes(OTHER)
    refused = filled.millesime("key", "import", other)
    assert refused.exit_code == 1 and "n’est pas celle du registre" in refused.stderr
    assert place.read_bytes() == KEY
    place.write_bytes(OTHER)
    other.write_bytes(KEY)
    refused = filled.millesime("key", "import", other)
    assert refused.exit_code == 1 and "contient une autre clé" in refused.stderr
    assert place.read_bytes() == OTHER
