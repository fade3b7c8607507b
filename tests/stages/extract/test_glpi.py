"""The snapshot of GLPI on a real MariaDB: the same lake table as its export, one moment, and clear errors."""

import csv
import re
import threading
import time

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.stages.extract.database import FETCHED, Database, reading
from pipelines.stages.ingest.delivery import ingest
from tests.deliveries import KEY, table
from tests.services import mariadb
from tests.stages.extract.conftest import TICKETS, Bench, export

REF = load_catalogue().registry.export_of("glpi/tickets")
PROVENANCE = {"_livraison", "_fichier", "_feuille", "_ligne"}


def lake_rows(bench: Bench, path) -> list[dict]:
    """The rows that one file gives in the lake, without where they come from."""
    manifest = ingest(bench.home, REF, 2020, [path], KEY)
    counts = manifest.tables["tickets"]
    assert (counts.lues, counts.acceptees, counts.refusees) == (len(TICKETS) + 1, len(TICKETS), 0)
    rows = table(bench.home.lake / counts.parquet, "cast(id as bigint)")
    return [{name: value for name, value in row.items() if name not in PROVENANCE} for row in rows]


def written(bench: Bench) -> list[dict[str, str]]:
    with bench.target.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_both_roads_give_the_same_lake_table(glpi: Bench, tmp_path) -> None:
    done = glpi.snapshot()
    assert done.exit_code == 0, done.output
    assert f"{len(TICKETS)} lignes" in done.output
    exported = tmp_path / "glpi.csv"
    exported.write_bytes(export())
    rows = lake_rows(glpi, glpi.target)
    assert rows == lake_rows(glpi, exported)
    assert [row["id"] for row in rows] == ["7", "12", "1234567"]  # neither deleted nor of another year
    assert rows[2]["entite"] == "SICIO > Choisy-le-Roi > Écoles & crèches"
    assert rows[2]["categorie"] == "Réseau & téléphonie > Accès <VPN>"
    assert rows[0]["duree_attente"] == "27 heures 15 minutes"
    assert rows[1]["categorie"] is None and rows[1]["date_modification"] is None


def test_nobody_enters_the_snapshot(glpi: Bench) -> None:
    glpi.snapshot()
    personal = {field.title for field in REF.export.tables[0].fields if field.personal}
    assert personal and not personal & set(written(glpi)[0])
    assert "Écran noir" not in glpi.target.read_text(encoding="utf-8-sig")


def test_the_file_is_the_one_that_collection_expects(glpi: Bench) -> None:
    glpi.snapshot()
    assert glpi.target.match(REF.export.files)
    assert [path.name for path in glpi.target.parent.iterdir()] == [glpi.target.name]  # nothing is left aside


def test_unknown_code_is_written_as_it_is_for_the_suite_to_refuse(glpi: Bench) -> None:
    glpi.sql("update glpi_tickets set status = 9 where id = 7")
    glpi.snapshot()
    assert written(glpi)[0]["Statut"] == "9"


def test_ticket_without_entity_is_a_refused_line_and_not_a_lost_one(glpi: Bench) -> None:
    glpi.sql("delete from glpi_entities where id = 1")
    glpi.snapshot()
    counts = ingest(glpi.home, REF, 2020, [glpi.target], KEY).tables["tickets"]
    assert (counts.acceptees, counts.refusees) == (len(TICKETS) - 1, 1)


# one moment -------------------------------------------------------


def arrive(bench: Bench, number: int) -> None:
    """A ticket and a followup that a technician writes while we read."""
    bench.insert("glpi_tickets", {"id": number, "entities_id": 1, "date": "2020-06-01 10:00:00"})
    bench.insert("glpi_itilfollowups", {"itemtype": "Ticket", "items_id": 7})


def read(bench: Bench):
    """The reading of 2020, as a context."""
    return reading(REF, 2020, Database("MILLESIME_GLPI_URL", bench.address(), timeout=10))


def many(bench: Bench, first: int, last: int, table: str = "glpi_tickets (id, entities_id, date)") -> None:
    bench.sql(f"insert into {table} select seq, 1, '2020-06-01 10:00:00' from seq_{first}_to_{last}")


def test_what_is_written_after_the_beginning_is_not_seen(glpi: Bench) -> None:
    with read(glpi) as (names, rows):
        arrive(glpi, 500)
        seen = [dict(zip(names, row, strict=True)) for row in rows]
    assert [(row["id"], row["nb_suivis"]) for row in seen] == [(7, 2), (12, 0), (1_234_567, 0)]
    with read(glpi) as (names, rows):  # the next one sees them
        assert [row[0] for row in rows] == [7, 12, 500, 1_234_567]


def test_what_is_written_between_two_rows_is_not_seen(glpi: Bench) -> None:
    many(glpi, 2000, 2000 + 2 * FETCHED)
    with read(glpi) as (_, rows):
        seen = [next(rows)[0]]
        arrive(glpi, 1_000_000)
        seen += [row[0] for row in rows]
    assert seen == [7, 12, *range(2000, 2001 + 2 * FETCHED), 1_234_567]


def test_a_writer_does_not_wait_for_the_reader(glpi: Bench) -> None:
    """The production database is not held: a write during the read takes no time."""
    many(glpi, 2000, 2000 + 2 * FETCHED)
    with read(glpi) as (names, rows):
        statuses = [next(rows)[names.index("statut")]]
        writer = threading.Thread(target=glpi.sql, args=["update glpi_tickets set status = 4"])
        writer.start()
        writer.join(timeout=5)
        assert not writer.is_alive()
        statuses += [row[names.index("statut")] for row in rows]
    assert statuses[0] == "Clos" and "En attente" not in statuses


# errors -----------------------------------------------------------


def refused(result, *expected: str) -> None:
    assert result.exit_code == 2, result.output
    for part in expected:
        assert part in result.output, result.output


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("modify solvedate varchar(30)", "glpi_tickets.solvedate : attendu datetime ou timestamp, trouvé varchar"),
        ("drop column waiting_duration", "glpi_tickets.waiting_duration : attendu bigint ou int"),
        ("engine = Aria", "glpi_tickets : une table InnoDB est attendue, et non Aria"),
    ],
)
def test_a_database_that_changed_is_refused_before_a_row_is_read(glpi: Bench, change: str, expected: str) -> None:
    glpi.snapshot()
    before = glpi.target.read_bytes()
    glpi.sql(f"alter table glpi_tickets {change}")
    refused(glpi.snapshot(), expected, "adapter le lecteur")
    assert glpi.target.read_bytes() == before


def test_missing_table_and_column_not_granted(glpi: Bench) -> None:
    glpi.sql("drop table glpi_itilsolutions", "revoke select (completename) on glpi_entities from lecteur")
    refused(
        glpi.snapshot(),
        "glpi_entities.completename : attendu",
        "glpi_itilsolutions.status : attendu",
        "aucune colonne de ce nom, ou que le compte puisse lire",
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"password": "faux"}, "le serveur refuse ces identifiants (code 1045)"),
        ({"database": "autre"}, "(code 1044)"),
        ({"port": "1"}, "127.0.0.1:1/"),
        ({"port": "1"}, "aucun serveur ne répond là (code 2003)"),
    ],
)
def test_what_the_server_refuses_is_reported(glpi: Bench, changes: dict, expected: str) -> None:
    refused(glpi.snapshot(address=glpi.address(**changes)), expected)
    assert not glpi.target.exists()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("lecteur:s3cret@127.0.0.1/glpi", "n’est pas une adresse de la forme"),
        ("postgresql://lecteur:s3cret@127.0.0.1/glpi", "n’est pas une adresse de la forme"),
        ("mysql://lecteur:s3cret@127.0.0.1", "n’est pas une adresse de la forme"),
        ("mysql://lecteur:s3cret@127.0.0.1:s3cret/glpi", "n’est pas une adresse de la forme"),
        ("mysql://lecteur:x@s3cret@127.0.0.1/glpi", "écrire %40"),
        ("mysql://lecteur:x@s3cret/y@127.0.0.1/glpi", "écrire %40"),
    ],
)
def test_an_unreadable_address_is_never_repeated(glpi: Bench, address: str, expected: str) -> None:
    result = glpi.snapshot(address=address)
    refused(result, "MILLESIME_GLPI_URL", expected)
    assert "s3cret" not in result.output


def test_without_an_address(glpi: Bench, monkeypatch) -> None:
    from click.testing import CliRunner

    from pipelines.cli.app import millesime

    monkeypatch.delenv("MILLESIME_GLPI_URL", raising=False)
    result = CliRunner().invoke(millesime, ["--home", str(glpi.home.root), "snapshot", "glpi", "2020"])
    refused(result, "MILLESIME_GLPI_URL n’est pas définie")


def test_slow_query_ends_at_its_limit(glpi: Bench) -> None:
    glpi.sql("alter table glpi_itilfollowups drop key item", "alter table glpi_itilsolutions drop key item")
    many(glpi, 2000, 12_000)  # and each looks at all the followups
    many(glpi, 2000, 12_000, "glpi_itilfollowups (items_id, itemtype, date)")
    began = time.monotonic()
    refused(glpi.snapshot("--timeout", 1), "la requête a pris trop de temps (code 1969)", "--timeout")
    assert time.monotonic() - began < 5
    assert not glpi.target.exists()


def test_locked_table_ends_at_its_limit(glpi: Bench) -> None:
    with glpi.server.connect(glpi.database) as holder, holder.cursor() as cursor:
        cursor.execute("lock tables glpi_tickets write")
        began = time.monotonic()
        result = glpi.snapshot("--timeout", 1)
        spent = time.monotonic() - began
        cursor.execute("unlock tables")
    refused(result)
    assert re.search(r"trop de temps|restée verrouillée", result.output), result.output
    assert spent < 5


def killed_while_writing(bench: Bench) -> None:
    """Kill the server once the first rows are in the file that a snapshot writes aside."""
    end = time.monotonic() + 30
    while not any(path.stat().st_size for path in bench.target.parent.glob(".*")) and time.monotonic() < end:
        time.sleep(0.01)
    bench.server.kill()


def test_killed_server_keeps_the_former_snapshot(make_glpi) -> None:
    with mariadb() as own:
        bench = make_glpi(own)
        assert bench.snapshot().exit_code == 0
        before = bench.target.read_bytes()
        many(bench, 2000, 102_000)  # more than what the network would hold: the rows are streamed
        killer = threading.Thread(target=killed_while_writing, args=[bench])
        killer.start()
        refused(bench.snapshot(), "(code 20", "recommencer")
        killer.join()
        assert bench.target.read_bytes() == before
        assert [path.name for path in bench.target.parent.iterdir()] == [bench.target.name]
        refused(bench.snapshot(), "aucun serveur ne répond là (code 2003)")


def test_empty_year_is_an_error_and_not_an_empty_file(glpi: Bench) -> None:
    glpi.sql("delete from glpi_tickets")
    refused(glpi.snapshot(), "la base ne contient aucune ligne de cet exercice")
    assert not glpi.target.exists()


def test_refuses_to_stand_beside_an_export_of_the_same_year(glpi: Bench) -> None:
    glpi.target.parent.mkdir(parents=True)
    (glpi.target.parent / "glpi.csv").write_bytes(export())
    refused(glpi.snapshot(), "contient déjà glpi.csv", "chaque ligne figurerait deux fois")
    assert not glpi.target.exists()
