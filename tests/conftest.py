"""Fixtures that several folders of tests share."""

import datetime as dt
import gc
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from hypothesis import HealthCheck
from hypothesis import settings as hypotheses

from pipelines.catalogue.organisation import UnknownPerson
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.locking import Busy
from pipelines.settings import Home, WrongSetting
from tests.deliveries import KEY, Depot
from tests.french import english, python
from tests.layers import Layer, ship
from tests.once import made_once

if TYPE_CHECKING:
    from tests.dbt.compiled import Compiled

for sign in (signal.SIGINT, signal.SIGTERM):  # a shell that starts the tests in the background has them ignored
    signal.signal(sign, signal.default_int_handler)
gc.disable()  # until all tests are collected: nothing that is imported is garbage
READ = "read"  # beside ``dbt_home``: its project, as dbt read it, in which nothing is built
# The errors that say what they have to say by themselves.
EXPECTED = (Busy, DeclarationError, UnknownPerson, WrongSetting)
OF_THE_SYSTEM = tempfile.gettempdir()

# The same examples each time, whatever runs before or beside them.
hypotheses.register_profile(
    "project", derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
hypotheses.load_profile("project")


def pytest_terminal_summary(terminalreporter) -> None:
    """What each room costs, for those who add to one; an end-to-end file is a room of its own."""
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                file = Path(report.nodeid.partition("::")[0])
                seconds[str(file if file.parent.name == "end_to_end" else file.parent)] += report.duration
    if not seconds:
        return
    terminalreporter.section("seconds")
    for room, spent in seconds.most_common():
        terminalreporter.write_line(f"{spent:7.0f}  {room}")


def pytest_collection_finish() -> None:
    """What was imported and collected stays until the end: a seventh of the time went to looking through it for garbage."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, lest one worker end alone with it."""
    items.sort(key=_minutes, reverse=True)


def _minutes(item: pytest.Item) -> float:
    """What a campaign says that it takes; of the others, one file makes the demonstration while others run what builds by itself."""
    if campaign := item.get_closest_marker("campaign"):
        return campaign.kwargs.get("minutes", 2)
    folder = item.path.parent.name
    return 3 if item.path.name == "test_demonstration.py" else {"dbt": 2, "end_to_end": 1}.get(folder, 0)


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key of the deliveries that tests make by hand."""
    path = tmp_path_factory.mktemp("key") / "key"
    path.write_bytes(KEY)
    return path


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """A command that a test runs in this process works in a home's own folder, and says more to those that it starts."""
    tempfile.tempdir = os.environ["TMPDIR"] = OF_THE_SYSTEM
    former = dict(os.environ)
    yield
    tempfile.tempdir = OF_THE_SYSTEM
    for name in os.environ.keys() - former.keys():
        del os.environ[name]
    os.environ.update(former)


@pytest.fixture(autouse=True)
def _no_key_of_the_user(monkeypatch: pytest.MonkeyPatch, key_file: Path) -> None:
    """No test may make or read a key in the user's own configuration."""
    monkeypatch.setenv("MILLESIME_KEY_FILE", os.environ.get("MILLESIME_KEY_FILE", str(key_file)))


@pytest.fixture(autouse=True)
def _no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers of pytest-xdist get a screen width; a test that draws for one says so itself."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def _errors_speak_french(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every error that a test provokes, and that the command line would show, is a French sentence without words of Python."""
    wrong: list[str] = []
    for kind in EXPECTED:
        monkeypatch.setattr(kind, "__init__", _heard(kind.__init__, wrong))
    yield
    assert wrong == []


def _heard(begun: Callable[..., None], wrong: list[str]) -> Callable[..., None]:
    def heard(self: Exception, *args: Any, **kwargs: Any) -> None:
        begun(self, *args, **kwargs)
        said = str(self).partition(" :\n")[0]  # then come the words of another program
        if english(said) or python(said):
            wrong.append(said)

    return heard


@pytest.fixture
def clock() -> Iterator[Callable[[str], None]]:
    """Set the clock of the machine (ISO, UTC), which then stops."""
    with ExitStack() as turned:
        yield lambda moment: turned.enter_context(time_machine.travel(dt.datetime.fromisoformat(moment), tick=False))


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layer:
    """A small layer in the place of the shipped one."""
    layer = ship(tmp_path / "shipped")
    monkeypatch.setenv("MILLESIME_SHIPPED", str(layer.root))
    return layer


@pytest.fixture(scope="session")
def dbt_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose dbt project is composed of what is shipped, read once for all tests and workers."""
    return Home(made_once(tmp_path_factory, "projet", _read_by_dbt))


def _read_by_dbt(home: Path) -> None:
    from pipelines.catalogue.load import load_catalogue
    from pipelines.stages.transform.dbt import parse

    parse(load_catalogue(), Home(home))
    shutil.copytree(Home(home).dbt, home.with_name(READ))


@pytest.fixture(scope="session")
def dbt_built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The case of ``tests/dbt`` built by dbt, and what dbt leaves beside: ``manifest.json``, ``run_results.json``, ``compiled``."""

    def make(folder: Path) -> None:
        from pipelines.catalogue.dbt.compose import ENTREPOT
        from pipelines.catalogue.load import load_catalogue
        from pipelines.stages.transform.dbt import run_dbt
        from tests.dbt.case import fill

        home: Home = request.getfixturevalue("dbt_home")
        home.warehouse_next.parent.mkdir(parents=True)
        fill(home.warehouse_next, load_catalogue())
        run = run_dbt(["--quiet", "build"], home, ENTREPOT, capture=True)
        assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
        folder.mkdir()
        home.warehouse_next.rename(folder / "warehouse.duckdb")
        for name in ("manifest.json", "run_results.json"):
            shutil.copy(home.dbt_target / name, folder)
        shutil.copytree(home.dbt_target / "compiled", folder / "compiled")

    return made_once(tmp_path_factory, "dbt", make)


@pytest.fixture(scope="session")
def compiled(dbt_built: Path) -> "Compiled":
    """The SQL of the models and tests that are shipped, to be run over rows of a test's own."""
    from tests.dbt.compiled import Compiled

    return Compiled(dbt_built / "manifest.json", dbt_built)


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    """A home with a declaration of its own and a mailbox."""
    return Depot(tmp_path)
