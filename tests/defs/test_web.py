"""The web interface refuses requests from other sites' pages, and behind a proxy it only shows."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import dagster as dg
import pytest
from starlette.types import ASGIApp

from demo.home import ORGANISATION
from pipelines.defs.instance import environment
from pipelines.defs.web import application, children
from pipelines.settings import Home
from tests.services import free_port

MUTATION = "mutation { reloadWorkspace { __typename } }"
HERE = "localhost:3000"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """The demonstration's."""
    shutil.copy(ORGANISATION, tmp_path)
    return Home(tmp_path)


class Client:
    """Asks the application, as a browser's request reaches it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def ask(self, method: str, path: str, body: Any = None, query: str = "", kind: str = "http", **headers: str):
        """The messages of the answer to one request."""
        asked = {"host": HERE, "content-type": "application/json"} | headers
        scope = {
            "type": kind,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in asked.items()],
            "subprotocols": ["graphql-ws"],
            "asgi": {"version": "3.0"},
        } | ({"method": method, "scheme": "http"} if kind == "http" else {"scheme": "ws"})
        incoming = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]
        if kind == "websocket":
            incoming = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return incoming.pop(0) if incoming else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        return sent

    def status(self, *asked: Any, **headers: Any) -> int:
        """The status of the answer."""
        return self.ask(*asked, **headers)[0]["status"]

    def said(self, query: str) -> dict[str, Any]:
        """What GraphQL answers to one of the interface's own pages."""
        messages = self.ask("POST", "/graphql", {"query": query}, origin=f"http://{HERE}")
        return json.loads(b"".join(message.get("body", b"") for message in messages))


@contextmanager
def served_to(home: Home, *, read_only: bool = False) -> Iterator[Client]:
    """What is served without any code, to a client."""
    nothing = home.root / "workspace.yaml"
    nothing.write_text("load_from: []")
    with application(home, nothing, read_only=read_only) as app:
        yield Client(app)


@pytest.fixture
def client(home: Home) -> Iterator[Client]:
    with served_to(home) as made:
        yield made


def test_its_own_pages_are_served_and_ask(client):
    assert client.status("GET", "/runs") == 200
    assert client.status("GET", "/graphql", accept="text/html") == 200
    assert client.said("{ version }") == {"data": {"version": dg.__version__}}
    assert client.said(MUTATION)["data"] == {"reloadWorkspace": {"__typename": "Workspace"}}
    opened = client.ask("", "/graphql", kind="websocket", origin=f"http://{HERE}")
    assert opened[0]["type"] == "websocket.accept"


def test_nobody_is_asked_for_an_address_at_the_first_start(client):
    assert client.said("{ shouldShowNux }") == {"data": {"shouldShowNux": False}}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3000", "localhost.evil.example", "10.0.0.1:3000", ""])
def test_a_name_that_is_not_its_own_is_refused_for_a_page_as_for_a_websocket(client, host):
    assert client.status("GET", "/runs", host=host) == 400
    assert client.status("POST", "/graphql", {"query": MUTATION}, host=host, origin=f"http://{host}") == 400
    (refused, *_) = client.ask("", "/graphql", kind="websocket", host=host, origin=f"http://{host}")
    assert refused["type"] != "websocket.accept"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:8000", "http://localhost.evil", ""]
)
def test_a_page_of_another_site_is_refused_over_http_and_websocket(client, origin):
    assert client.status("POST", "/graphql", {"query": MUTATION}, origin=origin) == 403
    assert client.status("POST", "/report_asset_materialization/publication/published", {}, origin=origin) == 403
    (refused, *_) = client.ask("", "/graphql", kind="websocket", origin=origin)
    assert refused["type"] == "websocket.close"


@pytest.mark.parametrize(
    ("method", "content"), [("GET", "application/json"), ("POST", "text/plain"), ("POST", "application/json")]
)
def test_nothing_is_run_that_stands_in_an_address(client, method, content):
    asked = {"query": urlencode({"query": MUTATION}), "content-type": content}
    assert client.status(method, "/graphql", {"query": MUTATION}, **asked) == 405


def test_the_names_of_a_proxy_are_the_organisations_to_give(home, monkeypatch):
    monkeypatch.setenv("MILLESIME_WEB_HOSTS", "www.rapport.example millesime.example")
    with served_to(home) as proxied:
        asked = {"host": "www.rapport.example", "origin": "https://www.rapport.example"}
        assert proxied.status("POST", "/graphql", {"query": MUTATION}, **asked) == 200
        for other in ("autre.example", "rapport.example"):
            assert proxied.status("GET", "/runs", host=other) == 400


@pytest.mark.parametrize("behind_a_proxy", [False, True])
def test_what_is_read_only_changes_nothing(home, monkeypatch, behind_a_proxy):
    if behind_a_proxy:  # always, whoever its login is
        monkeypatch.setenv("MILLESIME_WEB_HOSTS", "rapport.example")
    with served_to(home, read_only=not behind_a_proxy) as auditor:
        launch = 'mutation { launchRun(executionParams: {selector: {jobName: "build", repositoryName: "r", '
        launch += 'repositoryLocationName: "l"}}) { __typename } }'
        for refused in (launch, 'mutation { deletePipelineRun(runId: "x") { __typename } }', MUTATION):
            said = auditor.said(refused)["data"]
            assert [one["__typename"] for one in said.values()] == ["UnauthorizedError"], refused
        asked = ("POST", "/report_asset_materialization/publication/published", {})
        assert auditor.status(*asked, origin=f"http://{HERE}") == 401


def test_a_child_is_given_this_home_and_its_secrets_which_this_process_does_not_take(home, tmp_path, monkeypatch):
    secret = tmp_path / "url"
    secret.write_text("postgresql://u:p@host/base\n")
    secret.chmod(0o600)
    monkeypatch.setenv("MILLESIME_DAGSTER_URL_FILE", str(secret))
    given, before = environment(home), dict(os.environ)
    assert (given["MILLESIME_HOME"], given["DAGSTER_HOME"]) == (str(home.root), str(home.dagster))
    assert given["MILLESIME_DAGSTER_URL"] == "postgresql://u:p@host/base"
    assert dict(os.environ) == before and "DAGSTER_HOME" not in before


CHILD = """import signal, subprocess, sys, time
if sys.argv[1] == "deaf":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[2], "w").close()
time.sleep(600)"""


def test_children_end_with_all_that_they_began_even_deaf(home, tmp_path):
    kinds = ["willing", "deaf"]
    with children(home) as start:
        for kind in kinds:
            start(Path(sys.executable).name, "-c", CHILD, kind, str(tmp_path / kind))
        while not all((tmp_path / kind).exists() for kind in kinds):
            time.sleep(0.1)
    for _ in range(600):  # a killed process takes a moment to go, on a busy machine
        if not _of(home.root):
            break
        time.sleep(0.1)
    assert _of(home.root) == []


PARENT = """import os, signal, sys
from pathlib import Path
from pipelines.defs.web import children
from pipelines.settings import Home
with children(Home(Path(sys.argv[1]))) as start:
    start(Path(sys.executable).name, "-c", "import time; time.sleep(600)")
    os.kill(os.getpid(), signal.SIGKILL)"""


def test_children_end_with_a_parent_that_is_killed(home):
    assert subprocess.run([sys.executable, "-c", PARENT, str(home.root)], check=False).returncode == -signal.SIGKILL
    for _ in range(600):
        if not _of(home.root):
            break
        time.sleep(0.1)
    assert _of(home.root) == []


ATTACK = """mutation { launchRun(executionParams: {selector: {jobName: "purge", repositoryName: "__repository__",
    repositoryLocationName: "rapport_activite"},
    runConfigData: {ops: {purger: {config: {par: "A. Préparateur"}}}}}) { __typename } }"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[..., Callable[..., tuple[int, str]]]]:
    """Serve a home of the demonstration, and ask its GraphQL."""
    millesime = [str(Path(sys.executable).with_name("millesime")), "--home", str(tmp_path / "home")]
    subprocess.run([millesime[0], "demo", "--no-run", str(tmp_path / "home")], check=True, capture_output=True)
    started: list[subprocess.Popen] = []

    def start(**environment: str) -> Callable[..., tuple[int, str]]:
        address = f"http://127.0.0.1:{(port := free_port())}"
        command = [*millesime, "serve", "--port", str(port)]
        started.append(subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.DEVNULL))

        def ask(query: str, **headers: str) -> tuple[int, str]:
            asked = {"Content-Type": "application/json"} | headers
            request = urllib.request.Request(f"{address}/graphql", json.dumps({"query": query}).encode(), asked)
            try:
                with urllib.request.urlopen(request, timeout=120) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        _wait(address)
        return ask

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(60) for process in started] == [0] * len(started)
    assert _of(tmp_path / "home") == []


def _of(home: Path) -> list[str]:
    """The processes that work on this home."""
    found = []
    for one in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"DAGSTER_HOME={home}/dagster".encode() in one.read_bytes().split(b"\0"):
                found.append(one.with_name("cmdline").read_text())
    return found


@pytest.mark.campaign(minutes=2)
def test_the_attacks_as_they_were_made_on_the_served_interface(served, tmp_path):
    """A page of another site launched a job; so did any login of a proxy."""
    ask = served()
    assert ask(ATTACK, Origin="http://evil.example")[0] == 403
    assert ask(ATTACK, Host="evil.example")[0] == 400
    assert "LaunchRunSuccess" in ask(ATTACK)[1]  # whoever is on the machine launches
    proxied = served(MILLESIME_WEB_HOSTS="rapport.example")  # beside the other one, whose daemon is enough
    for headers in ({}, {"Host": "rapport.example", "Origin": "https://rapport.example"}):
        assert "UnauthorizedError" in proxied(ATTACK, **headers)[1]
    daemons = [one for one in _of(tmp_path / "home") if "dagster-daemon" in one]
    assert len(daemons) == 1


def _wait(address: str) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/server_info", timeout=5).close()
            return
        except OSError:
            time.sleep(1)
    raise AssertionError(f"nothing answers on {address}")
