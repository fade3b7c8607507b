"""Where things are: the folders of the checkout and of the home, and the settings read from the environment.

Nothing else in the project reads an environment variable or builds a path inside a home.
"""

import hashlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from platformdirs import user_config_path

from pipelines.french import NO_BREAK
from pipelines.publication import INTERNE

PACKAGE = Path(__file__).resolve().parent
PROJECT_ROOT = PACKAGE.parent  # the checkout


class WrongSetting(ValueError):
    """An environment variable has an invalid value."""


def shipped() -> Path:
    """Where the shipped folders are (``catalogue/``, ``expectations/``, ``dbt_project/``): beside the package in a checkout,
    inside it in a wheel, or wherever ``MILLESIME_SHIPPED`` says.
    """
    if elsewhere := os.environ.get("MILLESIME_SHIPPED"):
        return Path(elsewhere)
    return PROJECT_ROOT if (PROJECT_ROOT / "catalogue").is_dir() else PACKAGE / "shipped"


WAREHOUSE_FILE = "warehouse.duckdb"  # always the same stem: dbt views contain the catalog's name


class Place:
    """Where something lies in a home, as the name of an attribute of ``Home``."""

    def __init__(self, *parts: str):
        self.parts = parts

    def __get__(self, home: "Home", _: type) -> Path:
        return home.root.joinpath(*self.parts)


@dataclass(frozen=True)
class Home:
    """One organisation's folder: everything that is read, kept and published for it."""

    root: Path

    organisation_file = Place("organisation.yml")  # its declaration
    landing = Place("landing")  # the mailbox: ``landing/<exercice>/<system>/…``
    archive = Place("archive")  # originals, named by their SHA-256
    lake = Place("lake")  # typed Parquet of every delivery, immutable
    ledger_file = Place("ledger.db")  # the SQLite ledger: the only place that says what is current
    ledger_head = Place("ledger.head")  # the head of the ledger's chain, as of the last time it was closed
    warehouse_next = Place("warehouse", "next", WAREHOUSE_FILE)  # being built
    warehouse = Place("warehouse", "current", WAREHOUSE_FILE)  # the last one that was built and tested whole
    # that of what is published, which the last one may be ahead of: traces read it
    warehouse_published = Place("warehouse", "published", WAREHOUSE_FILE)
    # one that an analyst may break: used by ``millesime dbt``
    warehouse_analyst = Place("warehouse", "analyst", WAREHOUSE_FILE)
    dbt = Place("dbt")  # the home's dbt project, composed from its catalogue
    # where dbt keeps what it read and ran for the pipeline; an analyst's own is in ``dbt/target``
    dbt_target = Place("dbt", "target", "entrepot")
    dbt_manifest = Place("dbt", "target", "entrepot", "manifest.json")  # what dbt last read of it
    builds = Place("builds")  # every publication, one folder each
    releases = Place("releases")  # frozen years: ``releases/<exercice>-v<n>/``
    contenu = Place("contenu")  # the prose of each year: ``contenu/<exercice>/*.md``
    reports = Place("reports")  # rendered on demand, which are not publications: ``reports/<exercice>/<profile>/``
    # what goes to each member: ``transmissions/<version>/<profile>/<collectivité>/``
    transmissions = Place("transmissions")
    acts = Place("actes")  # drafts of the acts that go with a report, to complete: ``actes/<exercice>/``
    # what an auditor opens: ``audit/<exercice>/etat.html`` and ``etat.json``, rewritten at each publication
    audit = Place("audit")
    docs = Place("docs")  # the documentation of dbt's models, one file that needs no server
    work = Place(".work")  # the temporary files of working processes, a folder each: never in the system's folder
    cache = Place("cache")  # what can be redrawn: charts and fonts, by the hash of what they were made from
    published = Place("published")  # symbolic link to the current publication
    exports = Place("exports")  # what is given away, made from a publication: ``exports/<exercice>/<profile>/``
    dagster = Place("dagster")  # DAGSTER_HOME of this organisation
    last_backup = Place("backup.json")  # what is known of the last backup of this home; in a backup, of itself
    mailed = Place("mailed.json")  # which mails were sent
    lock_file = Place(".lock")  # held by whoever writes in this home, a run for as long as it lasts

    @property
    def evidence(self) -> tuple[Path, ...]:
        """The folders in which everything is listed (``ledger.closing``): only the holder of the lock writes in them."""
        made = (self.builds, self.releases, self.audit, self.exports, self.reports, self.transmissions, self.acts)
        return (self.archive, self.lake, *made, self.docs)


@dataclass(frozen=True)
class Count:
    """A variable that holds a whole number: called, it gives it. Raises WrongSetting."""

    name: str
    usual: int
    least: int = 1
    most: int | None = None
    of: str = ""  # what is counted, French

    def __call__(self) -> int:
        """What the environment says, or the usual number."""
        said = os.environ.get(self.name, str(self.usual))
        is_number = said.isascii() and said.isdecimal() and len(said) < 10
        if not is_number or not self.least <= int(said) <= (self.most or int(said)):
            between = f"de {self.least} à {self.most}" if self.most else f"{self.least} au moins"
            expected = f" {between}" if self.most and not self.of else f"{self.of}, {between}"
            raise WrongSetting(f"{self.name} est un nombre{expected}, et non « {said} »")
        return int(said)


@dataclass(frozen=True)
class Text:
    """A variable that holds a text: called, it gives it; None when it is empty."""

    name: str

    def __call__(self) -> str | None:
        """What the environment says."""
        return os.environ.get(self.name) or None


@dataclass(frozen=True)
class Choice:
    """A variable that holds one of two words: called, it is true for the second. Raises WrongSetting for another."""

    name: str
    usual: str
    other: str

    def __call__(self) -> bool:
        """True when the environment says the other word."""
        said = os.environ.get(self.name, self.usual)
        if said not in (self.usual, self.other):
            raise WrongSetting(f"{self.name} est {self.usual} ou {self.other}, et non « {said} »")
        return said == self.other


# of DuckDB and dbt; two by default, whatever the machine, as in dbt_project/profiles.yml: any number gives the same bytes
threads = Count("MILLESIME_THREADS", 2, most=256)
memory = Count("MILLESIME_MEMORY", 400, least=200, of=" de mégaoctets")  # of DuckDB: the process then stays under 1 GB
# for how long a file of landing must not have changed to be read
quiet = Count("MILLESIME_QUIET", 5, least=0, most=86400, of=" de secondes")
kept_runs = Count("MILLESIME_KEPT_RUNS", 100)  # finished runs that Dagster keeps
backup_days = Count("MILLESIME_BACKUP_DAYS", 7)  # for how many days a backup counts as recent
most_columns = Count("MILLESIME_MOST_COLUMNS", 2000)
longest_cell = Count("MILLESIME_LONGEST_CELL", 1_000_000)
most_misshapen = Count("MILLESIME_MOST_MISSHAPEN", 100_000)
most_megabytes = Count("MILLESIME_MOST_MEGABYTES", 2000)
most_elements = Count("MILLESIME_MOST_ELEMENTS", 1_500_000)
automation = Choice("MILLESIME_AUTOMATION", "0", "1")  # sensors and schedules start by themselves
logs_in_json = Choice("MILLESIME_LOG", "text", "json")  # each diagnostic is one JSON object
asks_for_spark = Choice("MILLESIME_ENGINE", "duckdb", "spark")  # to make the tables of a build
# the only server role that may read ``restreint``; without it, none of it is copied
restricted_role = Text("MILLESIME_RESTREINT_ROLE")
# the group of this machine that may read ``published/``; nobody else may, by default
publication_group = Text("MILLESIME_PUBLISH_GROUP")
alert_command = Text("MILLESIME_ALERT_COMMAND")  # the program called with one argument, a message, when a run fails
failpoint = Text("MILLESIME_FAILPOINT")  # the named step at which a test wants this process killed


LONGEST_HOME = 400  # bytes of a home's path: SQLite opens no file whose path has 512


def home() -> Home:
    """The home that this process works on: that of ``usual_root``. Raises WrongSetting."""
    return home_at(usual_root())


def usual_root() -> Path:
    """``MILLESIME_HOME``, else the home that one stands in, as git finds its repository, else ``data/`` in the checkout."""
    if named := os.environ.get("MILLESIME_HOME"):
        return Path(named).resolve()
    here = Path.cwd()
    stood_in = (folder for folder in (here, *here.parents) if Home(folder).organisation_file.is_file())
    return next(stood_in, (PROJECT_ROOT / "data").resolve())


def home_at(root: Path) -> Home:
    """The home in a folder. Raises WrongSetting when no database could be opened in it."""
    root = root.resolve()
    if (length := len(os.fsencode(root))) > LONGEST_HOME:
        raise WrongSetting(
            f"le chemin du dossier de l’organisation est trop long{NO_BREAK}: {length} octets, {LONGEST_HOME} au plus ({root})"
        )
    if "?" in str(root):
        raise WrongSetting(
            f"le chemin du dossier de l’organisation ne peut contenir de « ? », que Dagster n’ouvre pas ({root})"
        )
    return Home(root)


def key_file(home_: Home) -> Path:
    """The pseudonymisation key: ``MILLESIME_KEY_FILE``, or one file per home in the user's configuration folder.

    It is outside the home on purpose, so that copying the data does not copy the key.
    """
    if chosen := os.environ.get("MILLESIME_KEY_FILE"):
        return Path(chosen)
    return user_config_path("millesime") / f"{_name_of(home_)}.key"


def removals_file(home_: Home) -> Path:
    """The list of what was removed for good: ``MILLESIME_REMOVALS_FILE``, or one file per home beside its key.

    It is outside the home on purpose: a restored backup does not know what was removed since.
    """
    if chosen := os.environ.get("MILLESIME_REMOVALS_FILE"):
        return Path(chosen)
    return key_file(home_).with_name(f"{_name_of(home_)}.removals.jsonl")


def heads_file() -> Path | None:
    """The file elsewhere to which each head of the ledger is added (``MILLESIME_HEADS_FILE``): one home's alone."""
    file = os.environ.get("MILLESIME_HEADS_FILE")
    return Path(file) if file else None


def _name_of(home_: Home) -> str:
    """The identifier of a home in a folder that several share."""
    return hashlib.sha256(str(home_.root).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Limits:
    """The most one export may contain, so that a hostile one costs seconds: counts, never durations."""

    columns: int  # of a table or sheet (``MILLESIME_MOST_COLUMNS``)
    cell: int  # characters of a cell or an XML attribute (``MILLESIME_LONGEST_CELL``)
    misshapen: int  # misshapen lines of a file, and as many empty ones (``MILLESIME_MOST_MISSHAPEN``)
    megabytes: int  # of a file (``MILLESIME_MOST_MEGABYTES``)
    elements: int  # of XML, objects and lists of JSON, lines of a DSN: read one by one (``MILLESIME_MOST_ELEMENTS``)

    def lines(self, size: int) -> int:
        """The most lines of a file of ``size`` bytes that are read, or refused, one by one: a short one takes as long as
        another. Those of real files are longer than 50 bytes, or few.
        """
        return max(self.elements, size // 50)


def limits() -> Limits:
    """The limits of what is read. Raises WrongSetting."""
    return Limits(most_columns(), longest_cell(), most_misshapen(), most_megabytes(), most_elements())


def engine(work: Path, threads_: int | None = None) -> dict[str, Any]:
    """DuckDB's configuration for work of any size: threads, memory, and ``<work>.tmp``, for what does not fit in it.

    Raises WrongSetting.
    """
    return {
        "threads": threads_ or threads(),
        "memory_limit": f"{memory()}MB",
        "temp_directory": f"{work}.tmp",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }


def builds_on_spark() -> bool:
    """True when Spark makes the tables of a build (``MILLESIME_ENGINE``: ``duckdb``, the default, or ``spark``).

    Raises WrongSetting, also when Spark could not run here.
    """
    if not asks_for_spark():
        return False
    if not spark_python().is_file():
        raise WrongSetting(
            f"MILLESIME_ENGINE=spark demande un Python où dbt-spark et pyspark sont installés, et {spark_python()} n’existe pas{NO_BREAK}: "
            "`make spark` le fait, MILLESIME_SPARK_PYTHON dit où il est s’il est ailleurs"
        )
    java = os.environ.get("JAVA_HOME")
    if shutil.which(f"{java}/bin/java" if java else "java") is None:
        raise WrongSetting(
            "MILLESIME_ENGINE=spark demande Java 17 ou 21, que ce poste n’a pas (`apt-get install openjdk-21-jre-headless`, ou JAVA_HOME)"
        )
    if (file := spark_file()) and not file.is_file():
        raise WrongSetting(f"SPARK_CONF_DIR{NO_BREAK}: {file} n’existe pas")
    return True


def spark_python() -> Path:
    """The Python in which dbt-spark and pyspark are installed: ``MILLESIME_SPARK_PYTHON``, or the one that ``make spark`` makes."""
    return Path(os.environ.get("MILLESIME_SPARK_PYTHON", PROJECT_ROOT / ".venv-spark" / "bin" / "python"))


def spark_file() -> Path | None:
    """Where the organisation says how Spark runs (``SPARK_CONF_DIR``); None when Spark runs on this machine, as we say."""
    folder = os.environ.get("SPARK_CONF_DIR")
    return Path(folder, "spark-defaults.conf") if folder else None


def secret(name: str) -> str | None:
    """The value of a secret variable, or the content of the file named by ``<name>_FILE``; None when neither is set.

    Raises WrongSetting when anyone but its owner may read that file, and OSError when it cannot be read.
    """
    if (value := os.environ.get(name)) or not (file := os.environ.get(f"{name}_FILE")):
        return value or None
    if Path(file).stat().st_mode & 0o077:
        raise WrongSetting(f"{name}_FILE{NO_BREAK}: d’autres que son propriétaire peuvent lire {file} (chmod 600)")
    return Path(file).read_text(encoding="utf-8").strip() or None


def database_url(system: str) -> tuple[str, str | None]:
    """The variable that holds the address of a tool's database (``MILLESIME_GLPI_URL``), and its value: a secret."""
    name = f"MILLESIME_{system.upper()}_URL"
    return name, secret(name)


@dataclass(frozen=True)
class Post:
    """The server that sends mail; ``password`` is never shown."""

    host: str
    port: int
    is_encrypted: bool  # from the first byte; otherwise as soon as the server can
    user: str | None
    password: str | None = field(repr=False)
    sender: str
    operators: tuple[str, ...]


def post() -> Post | None:
    """How mail is sent: ``MILLESIME_SMTP_URL`` (``smtp://user:password@host:587``, ``smtps://…``),
    ``MILLESIME_MAIL_FROM``, and who gets mail that has no owner (``MILLESIME_MAIL_TO``); None when no server is set.
    Raises WrongSetting.
    """
    address = secret("MILLESIME_SMTP_URL")
    if not address:
        return None
    form = "MILLESIME_SMTP_URL est de la forme smtp://utilisateur:motdepasse@serveur:587, ou smtps://…"
    try:
        url, sender = urlsplit(address), os.environ.get("MILLESIME_MAIL_FROM", "")
        port = url.port or {"smtp": 587, "smtps": 465}.get(url.scheme)
    except ValueError:
        raise WrongSetting(form) from None
    operators = tuple(os.environ.get("MILLESIME_MAIL_TO", "").replace(",", " ").split())
    if url.scheme not in ("smtp", "smtps") or not url.hostname or port is None:
        raise WrongSetting(form)
    if not (operators and all("@" in one for one in (sender, *operators))):
        raise WrongSetting(
            "MILLESIME_MAIL_FROM et MILLESIME_MAIL_TO sont les adresses de l’expéditeur et du responsable de ce dossier"
        )
    user, password = (unquote(said) if said else None for said in (url.username, url.password))
    if not all(said.isascii() for said in (user or "", password or "")):
        raise WrongSetting(
            "MILLESIME_SMTP_URL : le courrier ne transmet que des lettres sans accent dans un mot de passe"
        )
    return Post(url.hostname, port, url.scheme == "smtps", user, password, sender, operators)


@dataclass(frozen=True)
class Server:
    """The PostgreSQL server that publications are copied to; ``url`` holds a password and is never shown."""

    url: str = field(repr=False)
    profile: str
    role: str
    prefix: str
    restricted: str | None = None  # the role that may read ``restreint``


def publication_server() -> Server | None:
    """Where publications are copied to (``MILLESIME_PUBLISH_URL``); None when it is not set.

    ``MILLESIME_PUBLISH_PROFILE``: interne (by default) or public; ``MILLESIME_PUBLISH_ROLE``: who may read,
    ``millesime_lecture`` by default; ``MILLESIME_PUBLISH_PREFIX``: a prefix for the names of the schemas, empty by
    default.
    """
    url = secret("MILLESIME_PUBLISH_URL")
    if not url:
        return None
    return Server(
        url,
        os.environ.get("MILLESIME_PUBLISH_PROFILE", INTERNE),
        reading_role(),
        os.environ.get("MILLESIME_PUBLISH_PREFIX", ""),
        restricted_role(),
    )


def reading_role() -> str:
    """The role of the server that may read what is published (``MILLESIME_PUBLISH_ROLE``)."""
    return os.environ.get("MILLESIME_PUBLISH_ROLE", "millesime_lecture")


def web_hosts() -> list[str]:
    """The names, besides this machine's own, under which browsers reach the web interface (``MILLESIME_WEB_HOSTS``): those
    of a proxy, whose visitors only look.
    """
    return os.environ.get("MILLESIME_WEB_HOSTS", "").split()


DAGSTER_URL = "MILLESIME_DAGSTER_URL"


def dagster_database() -> str | None:
    """The PostgreSQL database in which Dagster keeps its runs (``MILLESIME_DAGSTER_URL``): a secret; files of the home by default."""
    return secret(DAGSTER_URL)


def columns_are_told() -> bool:
    """True when the environment gives the width of the screen, as shells do (``COLUMNS``): tables are drawn for it."""
    return os.environ.get("COLUMNS", "").isdecimal()


def log_is_json() -> bool:
    """True when diagnostics are one JSON object per line; no error, since it is with them that one would be told."""
    return os.environ.get(logs_in_json.name) == logs_in_json.other


def refuse_wrong() -> None:
    """Raise WrongSetting when a variable that any command reads has an invalid value."""
    threads(), quiet(), limits(), automation(), kept_runs(), backup_days(), builds_on_spark(), logs_in_json()
