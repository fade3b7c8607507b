"""The real daemon: files dropped in landing are collected, built and published automatically; a refusal sends an alert."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import dagster as dg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from tests.end_to_end.conftest import MILLESIME, millesime
from tests.services import free_port

pytestmark = pytest.mark.campaign(minutes=3)

ABSENCES = "code;code_manquant;motif\n{};NC;Pas de décompte cette année\n"
PATIENCE = 480  # seconds: sensors tick every minute, and dropped files must be unchanged for one


class Kept:
    """The handler of a mail server, which writes each mail in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        message = message_from_bytes(bytes(envelope.content or b""), policy=default)
        with (self.folder / "mails").open("a", encoding="utf-8") as file:
            file.write(f"{message['Subject']}\n")
        return "250 OK"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A served home with automation, which writes its alerts beside it."""
    folder = tmp_path_factory.mktemp("daemon")
    home, alert = folder / "home", folder / "alert"
    alert.write_text(f'#!/bin/sh\necho "$1" >> {folder}/alerts\n')
    alert.chmod(0o700)
    options = ["--name", "Essai", "--sigle", "E", "--siren", "123456782", "--first", "2020", "--system", "absences"]
    assert millesime(home, "init", str(home), *options).returncode == 0
    mails = Controller(Kept(folder), hostname="127.0.0.1", port=free_port())
    mails.start()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "MILLESIME_HOME": str(home),
        "MILLESIME_KEY_FILE": str(folder / "key"),
        "MILLESIME_AUTOMATION": "1",
        "MILLESIME_ALERT_COMMAND": str(alert),
        "MILLESIME_SMTP_URL": f"smtp://127.0.0.1:{mails.port}",
        "MILLESIME_MAIL_FROM": "millesime@syndicat.example",
        "MILLESIME_MAIL_TO": "donnees@syndicat.example",
    }
    daemon = subprocess.Popen(
        [MILLESIME, "serve", "--port", str(port)],
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield home
    mails.stop()
    daemon.terminate()
    try:
        daemon.wait(60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(daemon.pid, signal.SIGKILL)


def wait_for(seen: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if seen():
            return True
        time.sleep(2)
    return False


def drop(home: Path, text: str) -> None:
    (home / "landing" / "2020" / "absences.csv").write_text(text, encoding="utf-8")


def test_a_dropped_file_is_collected_built_and_published_without_a_hand(served: Path) -> None:
    drop(served, ABSENCES.format("assistance.tickets.total"))
    assert wait_for((served / "published").exists)
    told = millesime(served, "status", "2020", "--format", "prometheus").stdout
    assert 'millesime_exports{exercice="2020",state="received"} 1' in told and "millesime_publication_behind 0" in told


@pytest.mark.long
def test_a_refused_file_alerts_and_what_is_published_stays(served: Path) -> None:
    drop(served, "rien;de;tel\n1;2;3\n")
    assert wait_for((served.parent / "alerts").exists)
    assert "collect" in (served.parent / "alerts").read_text()
    mails = served.parent / "mails"
    assert wait_for(lambda: mails.exists() and mails.read_text().count("[E] ") >= 2)
    said = mails.read_text()
    assert "[E] échec du travail « collect »" in said and "[E] export refusé : " in said
    told = millesime(served, "status", "2020", "--format", "prometheus").stdout
    assert 'state="refused"} 1' in told and "millesime_publication_behind 0" in told and (served / "published").exists()


@pytest.mark.long
def test_a_run_whose_process_died_does_not_stay_started(served: Path) -> None:
    def runs(status: dg.DagsterRunStatus) -> dict[str, int | None]:
        """Run → the process that began it: the daemon begins some of its own, which end as they should."""
        with dg.DagsterInstance.from_config(str(served / "dagster")) as instance:
            found = [run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=[status]))]
            began = {run_id: instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_START) for run_id in found}
        return {run_id: events[0].get_dagster_event().pid if events else None for run_id, events in began.items()}

    def run() -> subprocess.Popen:
        return subprocess.Popen(
            [MILLESIME, "run", "2020", "--full"],
            env=os.environ | {"MILLESIME_HOME": str(served), "MILLESIME_KEY_FILE": str(served.parent / "key")},
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def is_at_work() -> bool:
        nonlocal running
        if running.poll() is not None:  # the daemon was at work on the home
            running = run()
        return running.pid in runs(dg.DagsterRunStatus.STARTED).values()

    assert wait_for(lambda: not runs(dg.DagsterRunStatus.STARTED))
    running = run()
    assert wait_for(is_at_work)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    died = {run_id for run_id, pid in runs(dg.DagsterRunStatus.STARTED).items() if pid == running.pid}
    assert died and wait_for(lambda: died <= runs(dg.DagsterRunStatus.FAILURE).keys())
