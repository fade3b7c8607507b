"""The parts of ``serve``, one container each: the code server answers on the loopback, and the web server and daemon query it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.end_to_end.conftest import MILLESIME, millesime
from tests.services import free_port

pytestmark = pytest.mark.campaign

WHO = ["--name", "Essai", "--sigle", "E", "--siren", "123456782", "--first", "2020", "--system", "absences"]
DAGSTER = str(Path(sys.executable).with_name("dagster"))
PATIENCE = 180
ASKED = '{"query": "{repositoriesOrError {... on RepositoryConnection {nodes {location {name}}}}}"}'


@pytest.fixture
def part(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Start one part on a new home."""
    home, started = tmp_path / "home", []
    assert millesime(home, "init", str(home), *WHO).returncode == 0
    environment = os.environ | {"MILLESIME_HOME": str(home), "MILLESIME_KEY_FILE": str(tmp_path / "key")}

    def start(*arguments: str) -> None:
        command = [MILLESIME, "serve", "--part", *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started.append(subprocess.Popen(command, env=environment, start_new_session=True, **quiet))

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def came(seen: Callable[[], object]) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(OSError, ValueError, LookupError):
            if seen():
                return True
        time.sleep(1)
    return False


def test_each_part_answers_as_its_health_check_asks(part: Callable[..., None], tmp_path: Path):
    def healthy(*command: str) -> bool:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    port = free_port()

    def locations() -> list[dict]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/graphql", ASKED.encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["data"]["repositoriesOrError"]["nodes"]

    part("code")
    assert came(lambda: healthy(DAGSTER, "api", "grpc-health-check", "--port", "4266"))
    part("web", "--port", str(port))
    assert came(lambda: locations() == [{"location": {"name": "rapport_activite"}}])
    assert millesime(tmp_path / "home", "serve", "--part", "alive").returncode != 0
    part("daemon")
    assert came(lambda: millesime(tmp_path / "home", "serve", "--part", "alive").returncode == 0)
