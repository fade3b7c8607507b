"""Dagster's web interface, for the browsers of this machine or behind the organisation's proxy, and its daemon.

Dagster's own accepts requests from any page that a browser has open, under any name, and runs mutations by GET. Relies
on private names of Dagster, which is pinned.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from dagster import DagsterInstance
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.instance.ref import InstanceRef
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget, WorkspaceFileTarget
from dagster._serdes import serialize_value
from dagster._utils.interrupts import setup_interrupt_handlers
from dagster_webserver.version import __version__
from dagster_webserver.webserver import DagsterWebserver
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from pipelines import settings
from pipelines.defs.named import COORDINATOR
from pipelines.defs.run import prepare_instance
from pipelines.settings import Home

LOCAL = "127.0.0.1"  # outside visitors come through a proxy of this machine
CODE = 4266  # port of the code server, when it is a container of its own
MODULE, LOCATION = "pipelines.definitions", "rapport_activite"
POLL_MS = 2000  # how often a page polls for changes


class SameOrigin:
    """Refuses requests from another site's pages, by HTTP or websocket. A browser says in ``Origin`` whose page is asking."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403, or let through."""
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and urlsplit(origin).netloc != headers.get("host"):
                refusal = WebSocketClose() if scope["type"] == "websocket" else _refused(403, "origine refusée")
                return await refusal(scope, receive, send)
        return await self.app(scope, receive, send)


class GuardedWebserver(DagsterWebserver):
    """Dagster's, restricted to known names of this server, to its own pages and, for GraphQL, to POST."""

    def build_middleware(self) -> list[Middleware]:
        """Check Host, then Origin, then pass to Dagster's own."""
        known = ["localhost", LOCAL, *settings.web_hosts()]
        guards = [Middleware(TrustedHostMiddleware, allowed_hosts=known, www_redirect=False), Middleware(SameOrigin)]
        return [*guards, *super().build_middleware()]

    async def graphql_http_endpoint(self, request: Request) -> Response:
        """Dagster's pages query by POST, in JSON; a query in an address may have been written by anybody."""
        if "query" in request.query_params:
            return _refused(405, "GraphQL se demande par POST, en JSON")
        return await super().graphql_http_endpoint(request)


def serve(home: Home, port: int, *, read_only: bool) -> None:
    """Serve the interface of this home until it is interrupted; ``read_only``: to look at, without a daemon."""
    ref = _instance(home)
    with DagsterInstance.from_ref(ref) as instance, code_server(instance) as workspace:
        with _daemon(ref, workspace, wanted=not read_only):
            _serve_web(instance, workspace, port, read_only=read_only)


def serve_part(home: Home, part: str, port: int, *, read_only: bool) -> None:
    """Serve one part until it is interrupted, when each is a container: they share a loopback, on which the code answers.

    ``code`` holds the definitions and starts the runs; ``web`` and ``daemon`` query it; ``alive`` raises SystemExit
    with the daemon's health.
    """
    ref = _instance(home)
    if part == "code":
        _become(
            "dagster", "code-server", "start", "-h", LOCAL, "-p", str(CODE), "-m", MODULE, "--location-name", LOCATION
        )
    if part == "alive":
        _become("dagster._daemon", "liveness-check")
    with tempfile.TemporaryDirectory() as folder:
        server = {"host": LOCAL, "port": CODE, "location_name": LOCATION}
        workspace = _workspace(Path(folder), [{"grpc_server": server}])
        if part == "daemon":
            subprocess.run(_daemon_command(ref, workspace), check=True)
            return
        with DagsterInstance.from_ref(ref) as instance:
            _serve_web(instance, workspace, port, read_only=read_only)


def _instance(home: Home) -> InstanceRef:
    prepare_instance(home)
    setup_interrupt_handlers()
    return InstanceRef.from_dir(str(home.dagster), overrides=COORDINATOR)


def _become(*module: str) -> None:
    os.execv(sys.executable, [sys.executable, "-m", *module])


def _serve_web(instance: DagsterInstance, workspace: Path, port: int, *, read_only: bool) -> None:
    import uvicorn

    target = WorkspaceFileTarget([str(workspace)])
    with WorkspaceProcessContext(instance, target, version=__version__, read_only=read_only) as context:
        app = GuardedWebserver(context, "", POLL_MS).create_asgi_app()
        uvicorn.run(app, host=LOCAL, port=port, log_level="warning")


def _workspace(folder: Path, servers: list[dict[str, Any]]) -> Path:
    file = folder / "workspace.yaml"
    file.write_text(yaml.dump({"load_from": servers}), encoding="utf-8")
    return file


@contextmanager
def code_server(instance: DagsterInstance) -> Iterator[Path]:
    """A process that holds the definitions, and the file that says where it is."""
    target = ModuleTarget(MODULE, None, None, LOCATION)
    with ProxyServerManager(instance, target, "WARNING") as servers, tempfile.TemporaryDirectory() as folder:
        yield _workspace(Path(folder), servers.get_code_server_specs())


@contextmanager
def _daemon(ref: InstanceRef, workspace: Path, *, wanted: bool) -> Iterator[None]:
    """Dagster's daemon, which runs schedules, sensors and the queue, for as long as the interface is served."""
    if not wanted:
        yield
        return
    with subprocess.Popen(_daemon_command(ref, workspace)) as process:
        try:
            yield
        finally:
            process.terminate()


def _daemon_command(ref: InstanceRef, workspace: Path) -> list[str]:
    arguments = ["run", "--workspace", str(workspace), "--instance-ref", serialize_value(ref)]
    arguments += ["--log-format", "json"] if settings.log_is_json() else []
    return [sys.executable, "-m", "dagster._daemon", *arguments]


def _refused(status: int, reason: str) -> PlainTextResponse:
    return PlainTextResponse(f"Refusé : {reason}\n", status_code=status)
