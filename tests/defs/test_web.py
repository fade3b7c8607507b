"""The web interface refuses requests from other sites' pages, and freezes a year only for a user named by the proxy."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._serdes import deserialize_value

from demo.home import ORGANISATION
from pipelines.defs.named import BY, COORDINATOR, NamedReleases, NotNamed
from pipelines.defs.release import release_defs
from pipelines.defs.web import GuardedWebserver, _daemon_command
from pipelines.settings import PROJECT_ROOT
from tests.services import free_port

MUTATION = "mutation { reloadWorkspace { __typename } }"
HERE = "localhost:3000"


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The instance of the demonstration's home, as ``millesime serve`` opens it."""
    shutil.copy(ORGANISATION, tmp_path)
    shutil.copy(PROJECT_ROOT / "dagster.yaml", tmp_path)
    monkeypatch.setenv("MILLESIME_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    ref = InstanceRef.from_dir(str(tmp_path), overrides=COORDINATOR)
    with dg.DagsterInstance.from_ref(ref) as opened:
        yield opened


class Client:
    """Asks the application, as a browser's request reaches it."""

    def __init__(self, instance: dg.DagsterInstance, *, read_only: bool = False) -> None:
        self.context = WorkspaceProcessContext(instance, EmptyWorkspaceTarget(), read_only=read_only)
        self.app = GuardedWebserver(self.context).create_asgi_app()

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


@pytest.fixture
def client(instance: dg.DagsterInstance) -> Iterator[Client]:
    made = Client(instance)
    with made.context:
        yield made


def test_its_own_pages_are_served_and_ask(client):
    assert client.status("GET", "/runs") == 200
    assert client.status("GET", "/graphql", accept="text/html") == 200
    assert client.said("{ version }") == {"data": {"version": ""}}
    assert client.said(MUTATION)["data"] == {"reloadWorkspace": {"__typename": "Workspace"}}
    opened = client.ask("", "/graphql", kind="websocket", origin=f"http://{HERE}")
    assert opened[0]["type"] == "websocket.accept"


def test_nobody_is_asked_for_an_address_at_the_first_start(client, instance):
    assert not instance.nux_enabled  # whether or not this account has seen the page before
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


def test_the_names_of_a_proxy_are_the_organisations_to_give(instance, monkeypatch):
    monkeypatch.setenv("MILLESIME_WEB_HOSTS", "rapport.example millesime.example")
    proxied = Client(instance)
    with proxied.context:
        asked = {"host": "rapport.example", "origin": "https://rapport.example"}
        assert proxied.status("POST", "/graphql", {"query": MUTATION}, **asked) == 200
        assert proxied.status("GET", "/runs", host="autre.example") == 400


def test_a_name_is_never_redirected_to_the_one_of_a_proxy(instance, monkeypatch):
    monkeypatch.setenv("MILLESIME_WEB_HOSTS", "www.rapports.example")
    asking = Client(instance)
    with asking.context:
        assert asking.status("GET", "/runs", host="www.rapports.example") == 200
        assert asking.status("GET", "/runs", host="rapports.example") == 400


def test_the_daemon_is_given_this_instance_and_this_workspace(instance, tmp_path, monkeypatch):
    ref = instance.get_ref()
    program, *arguments = _daemon_command(ref, tmp_path / "workspace.yaml")
    given = arguments.index("--instance-ref")
    assert deserialize_value(arguments.pop(given + 1), InstanceRef) == ref
    file = str(tmp_path / "workspace.yaml")
    assert (program, arguments) == (
        sys.executable,
        ["-m", "dagster._daemon", "run", "--workspace", file, "--instance-ref"],
    )
    monkeypatch.setenv("MILLESIME_LOG", "json")
    assert _daemon_command(ref, tmp_path)[-2:] == ["--log-format", "json"]


def test_what_is_read_only_changes_nothing(instance):
    auditor = Client(instance, read_only=True)
    with auditor.context:
        launch = 'mutation { launchRun(executionParams: {selector: {jobName: "build", repositoryName: "r", '
        launch += 'repositoryLocationName: "l"}}) { __typename } }'
        for refused in (launch, 'mutation { deletePipelineRun(runId: "x") { __typename } }', MUTATION):
            said = auditor.said(refused)["data"]
            assert [one["__typename"] for one in said.values()] == ["UnauthorizedError"], refused
        asked = ("POST", "/report_asset_materialization/publication/published", {})
        assert auditor.status(*asked, origin=f"http://{HERE}") == 401


class Submitted(NamedTuple):
    """A run and the headers of the request that launched it, as Dagster hands them over."""

    dagster_run: dg.DagsterRun
    headers: dict[str, str]

    def get_request_header(self, name: str) -> str | None:
        """As starlette reads them."""
        value = self.headers.get(name)
        return value.encode().decode("latin-1") if value else None


def of_release(instance: dg.DagsterInstance, **tags: str) -> dg.DagsterRun:
    visas = {"prepare_par": "A. Préparateur", "relu_par": "B. Relectrice", "approuve_par": "C. Présidente"}
    config = {"ops": {"figer": {"config": {"exercice": 2020, **visas}}}}
    return instance.create_run_for_job(release_defs().resolve_job_def("release"), run_config=config, tags=tags)


def test_a_release_enters_the_queue_only_when_the_proxy_names_who_approves_it(instance, monkeypatch):
    queue, queued = instance.run_coordinator, []
    assert isinstance(queue, NamedReleases)
    monkeypatch.setattr(dg.QueuedRunCoordinator, "submit_run", lambda _, context: queued.append(context.dagster_run))
    assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1  # dagster.yaml still counts
    forged = Submitted(of_release(instance, **{BY: "C. Présidente"}), {"X-User": "C. Présidente"})
    with pytest.raises(NotNamed, match="aucun serveur mandataire"):  # no proxy: the header is the attacker's
        queue.submit_run(forged)
    monkeypatch.setenv("MILLESIME_WEB_USER_HEADER", "X-User")
    with pytest.raises(NotNamed, match="aucun serveur mandataire"):
        queue.submit_run(Submitted(forged.dagster_run, {}))
    with pytest.raises(NotNamed, match="A. Préparateur est connecté, et C. Présidente approuverait"):
        queue.submit_run(Submitted(forged.dagster_run, {"X-User": "A. Préparateur"}))
    with pytest.raises(ValueError, match="« Z. Inconnue » n’est pas déclaré"):
        queue.submit_run(Submitted(forged.dagster_run, {"X-User": "Z. Inconnue"}))
    assert queued == []
    run = of_release(instance)
    queue.submit_run(Submitted(run, {"X-User": "C. Présidente"}))
    assert queued == [run]
    assert instance.get_run_by_id(run.run_id).tags[BY] == "C. Présidente"

    @dg.job
    def build() -> None: ...

    run = instance.create_run_for_job(build)  # other jobs need nobody
    queue.submit_run(Submitted(run, {}))
    assert queued[-1] is run


LAUNCH = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
    __typename ... on PythonError { message } ... on LaunchRunSuccess { run { runId } } } }"""
AGAIN = """mutation($id: String!) { launchRunReexecution(reexecutionParams: {parentRunId: $id, strategy: ALL_STEPS}) {
    __typename ... on PythonError { message } } }"""


@pytest.mark.campaign(minutes=1)
def test_the_attack_as_it_was_made_on_the_served_interface(tmp_path):
    """A page of another site launched the job ``release`` with forged visas; so did anybody, with curl."""
    millesime = [str(Path(sys.executable).with_name("millesime")), "--home", str(tmp_path / "home")]
    subprocess.run([millesime[0], "demo", "--no-run", str(tmp_path / "home")], check=True, capture_output=True)
    address = f"http://127.0.0.1:{(port := free_port())}"
    environment = os.environ | {"MILLESIME_WEB_USER_HEADER": "X-User"}
    served = subprocess.Popen([*millesime, "serve", "--port", str(port)], env=environment, stderr=subprocess.DEVNULL)

    def ask(query: str, variables: Any = None, **headers: str) -> tuple[int, str]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"{address}/graphql", body, {"Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    try:
        _wait(address)
        visas = {"prepare_par": "A. Préparateur", "relu_par": "B. Relectrice", "approuve_par": "C. Présidente"}
        selector = {
            "jobName": "release",
            "repositoryName": "__repository__",
            "repositoryLocationName": "rapport_activite",
        }
        config = {"ops": {"figer": {"config": {"exercice": 2020, **visas}}}}
        forged = {"p": {"selector": selector, "runConfigData": config}}
        assert ask(LAUNCH, forged, Origin="http://evil.example")[0] == 403
        assert ask(LAUNCH, forged, Host="evil.example")[0] == 400
        assert "aucun serveur mandataire" in json.loads(ask(LAUNCH, forged)[1])["data"]["launchRun"]["message"]
        launched = json.loads(ask(LAUNCH, forged, X_User="C. Presidente")[1])["data"]["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        again = {"id": launched["run"]["runId"]}
        assert "aucun serveur mandataire" in json.loads(ask(AGAIN, again)[1])["data"]["launchRunReexecution"]["message"]
    finally:
        served.terminate()
        assert served.wait(60) is not None


def _wait(address: str) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/server_info", timeout=5).close()
            return
        except OSError:
            time.sleep(1)
    raise AssertionError(f"nothing answers on {address}")
