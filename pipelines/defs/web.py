"""Dagster's web interface and daemon, as they are shipped, for the browsers of this machine or behind the organisation's proxy.

Ours is one layer before the pages: Dagster's server answers any page that a browser has open, under any name, and runs
mutations by GET. ``WorkspaceProcessContext`` and its target are private names of Dagster: its application is made from
nothing else.
"""

import functools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from urllib.parse import urlsplit

import dagster as dg
import uvicorn
import yaml
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from starlette.datastructures import Headers, QueryParams
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from pipelines import settings
from pipelines.defs.instance import environment, open_instance
from pipelines.locking import end_with_parent, if_nobody_has
from pipelines.runs.instance import write_instance
from pipelines.settings import Home

LOCAL = "127.0.0.1"  # outside visitors come through a proxy of this machine
CODE = 4266  # port of the code server, when it is a container of its own
LOCATION = "rapport_activite"
POLL_MS = 2000  # how often a page polls for changes
PATIENCE = 3  # seconds that a child has to stop by itself


class OwnPages:
    """Refuses what a page of another site could have a browser ask: another name of this server, another origin, GraphQL in
    an address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.names = {"localhost", LOCAL, *settings.web_hosts()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a refusal, or let through."""
        if scope["type"] == "lifespan" or not (refused := self._refusal(scope)):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        else:
            status, reason = refused
            await PlainTextResponse(f"Refusé : {reason}\n", status_code=status)(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if host.partition(":")[0] not in self.names:
            return 400, "nom de serveur inconnu"
        if origin is not None and urlsplit(origin).netloc != host:
            return 403, "origine refusée"
        if scope["path"].endswith("/graphql") and "query" in QueryParams(scope["query_string"]):
            return 405, "GraphQL se demande par POST, en JSON"
        return None


def serve(home: Home, port: int, *, read_only: bool) -> None:
    """Serve the interface of this home until it is interrupted; ``read_only``: to look at, without a daemon."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))  # with the terminal, all ends
    write_instance(home)
    daemon = nullcontext(False) if read_only else _only_daemon(home)
    with tempfile.TemporaryDirectory() as folder, daemon as ours, children(home) as start:
        place = Path(folder, "code")
        workspace = _workspace(folder, socket=str(place))
        _wait_for(start(*_code_server("--socket", str(place))), place)
        if ours:
            start(*_daemon(workspace))
        _serve_web(home, workspace, port, read_only=read_only)


def serve_part(home: Home, part: str, port: int, *, read_only: bool) -> None:
    """Serve one part until it is interrupted, when each is a container: they share a loopback, on which the code answers.

    ``code`` holds the definitions and starts the runs; ``web`` and ``daemon`` query it; ``alive`` raises SystemExit
    with the daemon's health.
    """
    write_instance(home)
    if part == "code":
        _become(home, *_code_server("--host", LOCAL, "--port", str(CODE)))
    if part == "alive":
        _become(home, "dagster-daemon", "liveness-check")
    with tempfile.TemporaryDirectory() as folder:
        workspace = _workspace(folder, host=LOCAL, port=CODE)
        if part == "web":
            _serve_web(home, workspace, port, read_only=read_only)
            return
        with _only_daemon(home), children(home) as start:
            sys.exit(start(*_daemon(workspace)).wait())


def _serve_web(home: Home, workspace: Path, port: int, *, read_only: bool) -> None:
    with application(home, workspace, read_only=read_only) as app:
        uvicorn.run(app, host=LOCAL, port=port, log_level="warning", timeout_graceful_shutdown=1)


@contextmanager
def application(home: Home, workspace: Path, *, read_only: bool) -> Iterator[ASGIApp]:
    """The pages. Behind a proxy, whose every login may come here, nothing can be launched or changed."""
    target, looking = WorkspaceFileTarget([str(workspace)]), read_only or bool(settings.web_hosts())
    with (
        open_instance(home) as instance,
        WorkspaceProcessContext(instance, target, version=dg.__version__, read_only=looking) as context,
    ):
        yield OwnPages(create_app_from_workspace_process_context(context, live_data_poll_rate=POLL_MS))


def _workspace(folder: str, **server: str | int) -> Path:
    """The file that tells the web server and the daemon where the code server is."""
    file = Path(folder, "workspace.yaml")
    server["location_name"] = LOCATION
    file.write_text(yaml.dump({"load_from": [{"grpc_server": server}]}), encoding="utf-8")
    return file


def _code_server(*place: str) -> list[str]:
    what = ["-m", "pipelines.definitions", "--location-name", LOCATION, "--log-level", "warning"]
    return ["dagster", "code-server", "start", *place, *what]


def _daemon(workspace: Path) -> list[str]:
    said = ["--log-format", "json"] if settings.log_is_json() else []
    return ["dagster-daemon", "run", "--workspace", str(workspace), *said]


def _only_daemon(home: Home) -> AbstractContextManager[bool]:
    """Two daemons would each start what is planned."""
    return if_nobody_has(home.dagster / "daemon.lock")


def _become(home: Home, program: str, *arguments: str) -> None:
    os.execve(_beside(program), [program, *arguments], environment(home))


def _beside(program: str) -> Path:
    return Path(sys.executable).with_name(program)


@contextmanager
def children(home: Home) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts Dagster's programs, each in a session of its own, so that what it begins (runs, servers) ends with it."""
    started: list[subprocess.Popen[bytes]] = []

    def start(program: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [_beside(program), *arguments]
        # killed, this process would leave a daemon that goes on beside the next one
        with_us = functools.partial(end_with_parent, signal.SIGTERM)
        started.append(subprocess.Popen(command, env=environment(home), start_new_session=True, preexec_fn=with_us))
        return started[-1]

    try:
        yield start
    finally:
        deadline = time.monotonic() + PATIENCE
        try:
            left = [one for one in started if _has_heard(one, signal.SIGINT)]
            while left and time.monotonic() < deadline:
                time.sleep(0.1)
                left = [one for one in left if _has_heard(one, 0)]
        finally:  # a second Ctrl-C does not wait
            for one in started:
                _has_heard(one, signal.SIGKILL)
                one.wait()


def _has_heard(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to a whole session; False once nothing is left of it."""
    process.poll()
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True


def _wait_for(code: subprocess.Popen[bytes], place: Path) -> None:
    """Until the code server, which reads the definitions first, answers. Raises SystemExit if it ended instead."""
    while code.poll() is None:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(place))
            return
        time.sleep(0.1)
    sys.exit(code.returncode)
