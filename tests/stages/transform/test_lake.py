"""What is loaded is hashed as it is loaded: a file of the lake that somebody rewrote stops the build, and says how to fix it."""

import os
from pathlib import Path

import duckdb
import pytest

from pipelines.ledger.store import open_ledger
from pipelines.runs.collect import read_again
from pipelines.runs.frozen import frozen, is_current
from pipelines.stages.transform.build import BuildFailed, prepare
from tests.deliveries import HEADER
from tests.stages.transform.conftest import Lab

ROWS = HEADER + "A1;x;1,00;03/02/2020\nA2;y;oups;03/02/2020\n"


@pytest.fixture
def built(lab: Lab) -> Lab:
    """A home with one delivery, a line of which was refused, and its warehouse."""

    def build() -> None:
        lab.accept(ROWS, 2020)
        with open_ledger(lab.home) as ledger:
            lab.build(ledger)
            assert is_current(lab.work(ledger))

    lab.depot.after("built in the lake", build)
    return lab


def file_of(lab: Lab, ending: str) -> Path:
    with open_ledger(lab.home) as ledger:
        manifest = ledger.current()["essai/export", 2020].manifest
    (path,) = (path for path in manifest.lake_files() if path.endswith(f"{manifest.delivery}{ending}"))
    return lab.home.lake / path


def times_ten(path: Path) -> None:
    """The same file with other amounts, of the same date."""
    stat = path.stat()
    with duckdb.connect() as db:
        db.execute(f"create table t as select * replace (montant * 10 as montant) from '{path}'")
        db.execute(f"copy t to '{path}' (format parquet)")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize("ending", [".parquet", ".refus.parquet", ".ignores.parquet"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_file_that_was_rewritten_stops_the_build(built: Lab, ending: str, whole: bool):
    path = file_of(built, ending)
    if ending == ".parquet":
        times_ten(path)
    else:
        path.write_bytes(path.read_bytes() + b"\0")
    before = built.home.warehouse.read_bytes()
    with open_ledger(built.home) as ledger:
        work = built.work(ledger)
        assert not is_current(work)
        with pytest.raises(BuildFailed) as stopped:
            prepare(work, frozen(work), whole=whole)
        delivery = ledger.current()["essai/export", 2020].manifest.delivery
        assert str(stopped.value) == (
            f"lake/essai/lignes/2020/{delivery}{ending} (livraison {delivery[:12]} de essai/export 2020) n’est plus le fichier "
            "enregistré\u00a0: le supprimer et relancer `millesime run 2020`, qui relit l’original archivé, ou remettre sa sauvegarde"
        )
        last = ledger.last_build()
        assert not last["succeeded"]
        (found,) = ledger.findings_of(last["build"])
    assert (found.code, found.severity, found.exercice, found.ou) == ("LAC-MODIFIE", "bloquant", 2020, "essai/export")
    assert built.home.warehouse.read_bytes() == before


@pytest.mark.parametrize("ending", [".parquet", ".refus.parquet"])
def test_a_file_that_was_removed_is_read_again_from_the_archive(built: Lab, ending: str):
    path = file_of(built, ending)
    kept = path.read_bytes()
    path.unlink()
    (built.home.landing / "2020" / "essai" / "export.csv").unlink()
    with open_ledger(built.home) as ledger:
        work = built.work(ledger)
        read_again(work)
        built.build(ledger)
    assert path.read_bytes() == kept


def test_a_file_that_is_gone_with_its_original_stops_the_build(built: Lab):
    file_of(built, ".parquet").unlink()
    for original in built.home.archive.glob("[0-9a-f]*"):
        original.unlink()
    with open_ledger(built.home) as ledger, pytest.raises(BuildFailed, match="a disparu, et son original n’est plus"):
        built.prepare(ledger)
