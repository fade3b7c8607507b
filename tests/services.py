"""Starts servers for tests: on a free port, in their own folder, leaving nothing behind."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

UP_SECONDS = 60
PATHS = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def unavailable(service: str, reason: str) -> None:
    """Skip the test, or fail it where every service is required (``MILLESIME_REQUIRE_SERVICES=1``)."""
    message = f"{service}: {reason}"
    if os.environ.get("MILLESIME_REQUIRE_SERVICES") == "1":
        pytest.fail(message)
    pytest.skip(message)


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that answers each client's first bytes so."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client, suppress(OSError):
                    client.recv(8)
                    answer(client)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@dataclass
class MariaDB:
    """A server; its ``root`` has no password and answers on 127.0.0.1."""

    folder: Path
    port: int
    user: str | None  # the account that the server runs under, None for ours
    process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = subprocess.Popen(
            [
                *(shutil.which("mariadbd", path=PATHS), "--no-defaults", f"--datadir={self.folder / 'data'}"),
                *(f"--socket={self.folder / 'socket'}", "--bind-address=127.0.0.1", f"--port={self.port}"),
                *(
                    f"--tmpdir={self.folder}",
                    "--skip-name-resolve",
                    "--innodb-flush-log-at-trx-commit=0",
                    "--innodb-buffer-pool-size=32M",
                ),
            ],
            user=self.user,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("ab"),
        )
        end = time.monotonic() + UP_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        unavailable("MariaDB", (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-800:])

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def connect(self, database: str | None = None, user: str = "root", password: str = ""):
        """A connection of the driver."""
        import pymysql

        return pymysql.connect(
            host="127.0.0.1", port=self.port, user=user, password=password, database=database, autocommit=True
        )


@contextmanager
def mariadb() -> Iterator[MariaDB]:
    """A server of MariaDB, started for the caller."""
    if not (install := shutil.which("mariadb-install-db", path=PATHS)) or not shutil.which("mariadbd", path=PATHS):
        unavailable("MariaDB", "mariadbd is not installed (apt-get install mariadb-server)")
    user = "mysql" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="millesime-mariadb-"))  # beside pytest's folders, which only root may enter
    server = MariaDB(folder, free_port(), user)
    try:
        if user:
            shutil.chown(folder, user)
        made = subprocess.run(
            [
                *(install, "--no-defaults", f"--datadir={folder / 'data'}", f"--tmpdir={folder}", "--skip-test-db"),
                "--auth-root-authentication-method=normal",
            ],
            user=user,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            unavailable("MariaDB", made.stderr[-800:])
        server.start()
        yield server
    finally:
        if server.process and server.process.poll() is None:
            server.process.terminate()
            server.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class PostgreSQL:
    """A server; its superuser ``postgres`` has no password and answers on 127.0.0.1."""

    folder: Path
    binaries: Path
    port: int
    user: str | None  # the account that the server runs under, None for ours

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-h 127.0.0.1 -p {self.port} -k {self.folder} -c fsync=off"
        self._control("-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """End it as a crash would, if it runs: nothing is saved, and the next start repairs it."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self._control("-m", "immediate", "-w", "stop", check=False)

    def url(self, user: str = "postgres", password: str = "", database: str = "postgres") -> str:
        """The address of a database."""
        return f"postgresql://{user}{':' + password if password else ''}@127.0.0.1:{self.port}/{database}"

    def _control(self, *arguments: str, check: bool = True) -> None:
        command = [self.binaries / "pg_ctl", "-D", self.folder / "data", *arguments]
        done = subprocess.run(
            command, user=self.user, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
        if check and done.returncode:
            unavailable("PostgreSQL", (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-800:])


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """A server of PostgreSQL, started for the caller."""
    # Debian keeps initdb out of the path, one folder a version
    folders = [*map(Path, PATHS.split(os.pathsep)), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    binaries = next((folder for folder in folders if (folder / "initdb").exists()), None)
    if binaries is None:
        unavailable("PostgreSQL", "initdb is not installed (apt-get install postgresql)")
    user = "postgres" if os.getuid() == 0 else None
    # beside pytest's folders, which only root may enter
    folder = Path(tempfile.mkdtemp(prefix="millesime-postgresql-"))
    server = PostgreSQL(folder, binaries, free_port(), user)
    try:
        if user:
            shutil.chown(folder, user)
        made = subprocess.run(
            [
                binaries / "initdb",
                "-D",
                folder / "data",
                *"-U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync".split(),
            ],
            user=user,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            unavailable("PostgreSQL", made.stderr[-800:])
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
