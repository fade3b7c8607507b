"""A database of GLPI on a real MariaDB, and the same tickets as GLPI's French export would write them.

The export is written here by hand, cell by cell: it owes nothing to the code that reads the database.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipelines.cli.app import millesime
from pipelines.settings import Home
from tests.services import MariaDB, mariadb

DDL = Path(__file__).parents[2] / "fixtures" / "glpi" / "glpi_9_5.sql"
READER, PASSWORD = "lecteur", "m0t:de/p@sse#?"
ORGANISATION = """\
nom: Syndicat d’essai
sigle: ESSAI
siren: "123456782"
exercices: {premier: 2019, dernier: 2021}
systemes: [glpi]
"""

ENTITIES = [
    (0, "SICIO"),
    (1, "SICIO > Orly"),
    (2, "SICIO > Choisy-le-Roi > Écoles &amp; crèches"),  # GLPI keeps names as its pages show them
    (3, 'SICIO > Valenton "mairie"'),
]
CATEGORIES = [(1, "Poste de travail > Imprimante"), (2, "Réseau &#38; téléphonie > Accès &lt;VPN&gt;")]


@dataclass(frozen=True)
class Ticket:
    """One ticket, as the database holds it (``stored``) and as the export writes it (``exported``)."""

    stored: dict
    exported: list[str]
    followups: int = 0
    solutions: tuple[int, ...] = ()


COLUMNS = [
    *("ID", "Titre", "Entité", "Statut", "Dernière modification", "Date d'ouverture", "Priorité", "Urgence"),
    *("Demandeur - Demandeur", "Catégorie", "Type", "Date de résolution", "Date de clôture"),
    *("Statistiques - Délai en attente", "Suivis - Nombre de suivis", "Solution - Statut de la solution"),
]
TICKETS = [
    Ticket(
        {"id": 7, "entities_id": 1, "name": "Écran noir", "status": 6, "date": "2020-01-01 00:00:00"}
        | {"date_mod": "2020-01-09 08:00:59", "solvedate": "2020-01-02 11:15:30", "closedate": "2020-01-09 08:00:59"}
        | {"priority": 3, "urgency": 3, "itilcategories_id": 1, "type": 1, "waiting_duration": 98_159},
        [
            *("7", "Écran noir", "SICIO > Orly", "Clos", "09-01-2020 08:00", "01-01-2020 00:00", "Moyenne", "Moyenne"),
            *("Œrsimieux Zoé", "Poste de travail > Imprimante", "Incident", "02-01-2020 11:15", "09-01-2020 08:00"),
            *("27 heures 15 minutes", "2", "Refusée\nAcceptée"),
        ],
        followups=2,
        solutions=(4, 3),
    ),
    Ticket(
        {"id": 1_234_567, "entities_id": 2, "name": "Accès ; au\nVPN", "status": 2, "date": "2020-03-17 09:30:00"}
        | {"date_mod": "2020-03-17 09:31:00", "priority": 6, "urgency": 5, "itilcategories_id": 2, "type": 2},
        [
            *("1\u00a0234\u00a0567", "Accès ; au\nVPN", "SICIO > Choisy-le-Roi > Écoles &amp; crèches"),
            *("En cours (Attribué)", "17-03-2020 09:31", "17-03-2020 09:30", "Majeure", "Très haute"),
            *("Barcédreuil Éric\nSolnandre Inès", "Réseau &#38; téléphonie > Accès &lt;VPN&gt;", "Demande", "", ""),
            *("0 minutes", "0", ""),
        ],
    ),
    Ticket(  # neither category nor date of change
        {"id": 12, "entities_id": 3, "name": None, "status": 5, "date": "2020-12-31 23:59:59"}
        | {"solvedate": "2021-01-04 08:00:00", "priority": 1, "urgency": 1, "type": 1, "waiting_duration": 3_599},
        [
            *("12", "", "SICIO > Valenton ''mairie''", "Résolu", "", "31-12-2020 23:59", "Très basse", "Très basse"),
            *("", "", "Incident", "04-01-2021 08:00", "", "59 minutes", "0", "En attente de validation"),
        ],
        solutions=(2,),
    ),
]
OTHERS = [  # in no export of 2020
    {"id": 100, "status": 6, "date": "2020-05-05 10:00:00", "is_deleted": 1},
    {"id": 101, "status": 6, "date": "2019-12-31 23:59:59", "solvedate": "2020-01-03 10:00:00"},
    {"id": 102, "status": 1, "date": "2021-01-01 00:00:00"},
]


def export() -> bytes:
    """The tickets of 2020 as the French interface of GLPI 9.5 exports them: a ``;`` ends every line."""
    quoted = "".join(
        "".join('"{}";'.format(cell.replace('"', "''")) for cell in cells) + "\n"
        for cells in [COLUMNS, *(ticket.exported for ticket in TICKETS)]
    )
    return b"\xef\xbb\xbf" + quoted.encode()


@pytest.fixture(scope="session")
def server() -> Iterator[MariaDB]:
    """A server that no test may kill."""
    with mariadb() as started:
        yield started


@dataclass
class Bench:
    """A home, a database of GLPI and the command line."""

    home: Home
    server: MariaDB
    database: str
    monkeypatch: pytest.MonkeyPatch
    password: str = PASSWORD
    _said: list[str] = field(default_factory=list)

    def sql(self, *statements: str) -> None:
        """Run statements as the server's administrator."""
        with self.server.connect(self.database) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def insert(self, table: str, row: dict) -> None:
        """Insert one row."""
        with self.server.connect(self.database) as connection, connection.cursor() as cursor:
            names = ", ".join(row)
            cursor.execute(f"insert into {table} ({names}) values ({', '.join(['%s'] * len(row))})", list(row.values()))

    def address(self, **changes: str) -> str:
        """The address of the database, as the environment holds it."""
        from urllib.parse import quote_plus

        parts = {"user": READER, "password": self.password, "host": "127.0.0.1", "database": self.database} | changes
        port = changes.get("port", str(self.server.port))
        return f"mysql://{parts['user']}:{quote_plus(parts['password'])}@{parts['host']}:{port}/{parts['database']}"

    def snapshot(self, *options: object, year: int = 2020, address: str | None = None) -> Result:
        """``millesime snapshot glpi``; whatever happens, the password is said nowhere."""
        address = address or self.address()
        self.monkeypatch.setenv("MILLESIME_GLPI_URL", address)
        arguments = ["--home", str(self.home.root), "snapshot", "glpi", str(year), *map(str, options)]
        result = CliRunner().invoke(millesime, arguments, prog_name="millesime")
        for secret in (self.password, "p@sse", address.split("@")[0].rsplit(":")[-1]):
            assert secret not in result.output
        assert "Traceback" not in result.output
        return result

    @property
    def target(self) -> Path:
        """Where the snapshot of 2020 goes."""
        return self.home.landing / "2020" / "glpi" / "glpi_tickets_2020.csv"


@pytest.fixture
def make_glpi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[MariaDB], Bench]:
    """Make a home, and a database on a server: the tickets, and an account that may read our columns only."""

    def make(started: MariaDB) -> Bench:
        from pipelines.stages.extract.glpi import COLUMNS as READ

        home = Home(tmp_path / "home")
        home.root.mkdir()
        home.organisation_file.write_text(ORGANISATION, encoding="utf-8")
        database = f"glpi_{tmp_path.name.replace('-', '_')}"[:60]
        with started.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"create database {database}")
        bench = Bench(home, started, database, monkeypatch)
        bench.sql(*(statement for statement in DDL.read_text(encoding="utf-8").split(";") if statement.strip()))
        bench.sql(f"create or replace user {READER} identified by '{PASSWORD}'")
        for table, columns in READ.items():
            bench.sql(f"grant select ({', '.join(columns)}) on {table} to {READER}")
        _fill(bench)
        return bench

    return make


def _fill(bench: Bench) -> None:
    for key, name in ENTITIES:
        bench.insert("glpi_entities", {"id": key, "completename": name})
    for key, name in CATEGORIES:
        bench.insert("glpi_itilcategories", {"id": key, "completename": name})
    for ticket in TICKETS:
        bench.insert("glpi_tickets", ticket.stored)
        key = {"itemtype": "Ticket", "items_id": ticket.stored["id"]}
        for _ in range(ticket.followups):
            bench.insert("glpi_itilfollowups", key)
        for status in ticket.solutions:
            bench.insert("glpi_itilsolutions", key | {"status": status})
        bench.insert("glpi_itilfollowups", key | {"itemtype": "Problem"})  # of another object that has the same number
    for row in OTHERS:
        bench.insert("glpi_tickets", row)


@pytest.fixture
def glpi(server: MariaDB, make_glpi: Callable[[MariaDB], Bench]) -> Bench:
    """A database of GLPI on the server that all tests share."""
    return make_glpi(server)
