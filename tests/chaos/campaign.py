"""Kills commands (``kill -9``, with their children) at random moments and runs them again, as often as time allows.

Each phase starts from a copy of one home. Everything that was there before must still be there (nothing **lost**); readers must
see one whole publication, the old one or the new one (nothing **mixed**); and the same command, run again, must end like one that
was not killed, with the same digest (**same**): after ``serve``, which does not end by itself, ``run``. The seed chooses phases and
moments; how far a command got depends on the machine.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.disk import read_json, sha256_of
from pipelines.ledger.chain import Head
from pipelines.ledger.lost_ledger import LedgerLost, refuse_damaged
from pipelines.ledger.state import STATE
from pipelines.ledger.store import open_ledger
from pipelines.ledger.workspace import open_workspace
from pipelines.settings import Home
from tests.services import free_port

MILLESIME = str(Path(sys.executable).with_name("millesime"))
WHO = (
    "--name",
    "Essai",
    "--sigle",
    "E",
    "--siren",
    "123456782",
    "--first",
    "2020",
    "--member",
    "94022",
    "--system",
    "absences",
    "--system",
    "teams",
)
HEADER = "code;code_manquant;motif\n"
TEAMS = "Report Month,Company,Active Users,Meetings Organized,Channel Messages,Active Channels\n" + "".join(
    f"2020-{month:02}-01,E,1{month},2{month},3{month},{month}\n" for month in range(1, 13)
)
FIRST = f"{HEADER}assistance.tickets.total;NC;Pas de décompte cette année\n"
CORRECTED = f"{FIRST}assistance.interventions.total;NC;Pas de décompte non plus\n"


@dataclass(frozen=True)
class Phase:
    """What is killed: the home it starts from, the file dropped there first, and the command; ``{}`` is the folder of the round."""

    start: str  # a property of the campaign
    command: tuple[str, ...]
    dropped: str | None = None
    code: int = 0
    done: int | None = None  # what the command answers when all was done before it was killed; None: the same
    lasts: int | None = None  # seconds, for a command that does not end by itself, which RUN follows


RUN = ("run", "2020")
TAKEN = ("purge", "--delivery", "{delivery}", "--reason", "essai", "--by", "A. Martin")
PERSONS = ("A. Martin", "B. Petit", "C. Roux")
VISAS = ("--prepared-by", "--reviewed-by", "--approved-by")
FREEZE = ("release", "2020", *(word for visa in zip(VISAS, PERSONS, strict=True) for word in visa))
PHASES = {
    "first": Phase("dropped", RUN),
    "correction": Phase("published", RUN, CORRECTED),
    "refusal": Phase("published", RUN, "rien;de;tel\n1;2;3\n", 1),
    "whole": Phase("published", (*RUN, "--full")),
    "export": Phase("published", ("export", "2020")),
    "release": Phase("decided", FREEZE, done=1),
    "transmit": Phase("frozen", ("transmit", "2020")),
    "serve": Phase("published", ("serve", "--port", "{port}"), CORRECTED, lasts=60),
    "purge": Phase("collected", TAKEN),
    "backup": Phase("collected", ("backup", "{}/kept")),
    "restore": Phase("kept", ("restore", "{}/kept", "--nothing-removed")),
}


@dataclass
class Campaign:
    """The homes that rounds start from, each made when first needed, and the counts so far."""

    folder: Path
    seed: int
    say: Callable[[str], None]
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    references: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)

    def run(self, phases: list[str], seconds: float) -> None:
        """Kill until the time is over, each phase at least once."""
        chance, end = random.Random(self.seed), time.monotonic() + seconds
        waiting = list(phases)
        while waiting or time.monotonic() < end:
            name = waiting.pop(0) if waiting else chance.choice(phases)
            self.round(name, chance.random())

    def figures(self) -> str:
        """The results of the campaign."""
        lines = [f"{'phase':<12}{'rounds':>8}{'killed':>8}{'lost':>8}{'mixed':>8}{'same':>8}"]
        total: Counter[str] = Counter()
        for name, count in [*self.counts.items(), ("all", total)]:
            lines.append(
                f"{name:<12}" + "".join(f"{count[one]:>8}" for one in ("rounds", "killed", "lost", "mixed", "same"))
            )
            total.update(count)
        return "\n".join([*lines, f"seed {self.seed}", *self.wrong])

    # a round ------------------------------------------------------------

    def round(self, name: str, moment: float) -> None:
        """Kill one command at a ``moment`` (from 0, its beginning, to 1, its usual end), check the home, and run it again."""
        (usual, reference), phase = self.reference(name), PHASES[name]
        place = self.folder / "round"
        home, command, before = self.prepared(name, place)
        killed = called(home, command, place, kill_after=moment * usual) is None
        faults = looked_at(home, before, reference)
        finished = home.ledger_file.exists() and name == "restore"  # done before it was killed: it would refuse a home
        code = phase.code if finished else called(home, list(RUN) if phase.lasts else command, place)
        after = digest(home, place)
        if code not in (phase.code, phase.done or phase.code) or after != reference:
            differing = [part for part in reference if after[part] != reference[part]]
            faults["differing"] = f"code {code}, {', '.join(differing) or 'the same digest'}"
        shutil.rmtree(place)
        count = self.counts.setdefault(name, Counter())
        count.update({"rounds": 1, "killed": killed, "same": "differing" not in faults})
        count.update(faults.keys() & {"lost", "mixed"})
        self.wrong += [f"{name} at {moment:.3f} of {usual:.1f} s: {what}: {why}" for what, why in faults.items()]
        self.say(f"{name:<12}{moment:6.2f}  {'killed' if killed else 'ended '}  {', '.join(faults) or 'same'}")

    def reference(self, name: str) -> tuple[float, dict[str, Any]]:
        """How long the command of a phase takes without a kill, and its result."""
        if name not in self.references:
            place = self.folder / "reference"
            (home, command, _), phase = self.prepared(name, place), PHASES[name]
            begun = time.monotonic()
            code = called(home, list(RUN) if phase.lasts else command, place)
            assert code == phase.code, f"{name}: code {code}\n{(place / 'said').read_text()}"
            self.references[name] = (phase.lasts or time.monotonic() - begun, digest(home, place))
            shutil.rmtree(place)
        return self.references[name]

    def prepared(self, name: str, place: Path) -> tuple[Home, list[str], Head | None]:
        """A copy of the home that a phase starts from, the command to run, and the head of its ledger."""
        phase = PHASES[name]
        shutil.copytree(getattr(self, phase.start), place, symlinks=True)
        home = Home(place / "home")
        if phase.dropped:
            drop(home, phase.dropped)
        head, delivery = None, ""
        if home.ledger_file.exists():
            with open_ledger(home) as ledger:
                head = ledger.head()
                delivery = next((one.manifest.delivery for one in ledger.current().values()), "")
        return home, [word.format(place, delivery=delivery, port=free_port()) for word in phase.command], head

    # where rounds start ------------------------------------------------------------

    @cached_property
    def dropped(self) -> Path:
        """A new home with one export in its mailbox."""
        place = self.folder / "dropped"
        place.mkdir()
        home = Home(place / "home")
        assert called(home, ["init", str(home.root), *WHO], place) == 0
        declared = home.organisation_file.read_text(encoding="utf-8")
        persons = ", ".join(f"{{nom: {name}, fonction: essai}}" for name in PERSONS)
        declared = declared.replace("personnes: []", f"personnes: [{persons}]")
        home.organisation_file.write_text(declared, encoding="utf-8")
        drop(home, FIRST)
        teams = home.landing / "2020" / "teams"
        teams.mkdir()
        (teams / "teams_2020.csv").write_text(TEAMS, encoding="utf-8")  # a figure, without which nothing is exported
        return place

    @cached_property
    def collected(self) -> Path:
        """The same home, collected."""
        from pipelines.runs.collect import collect

        place = shutil.copytree(self.dropped, self.folder / "collected", symlinks=True)
        os.environ |= {"MILLESIME_KEY_FILE": str(place / "key"), "MILLESIME_QUIET": "0"}
        with open_workspace(Home(place / "home")) as work:
            assert collect(work, work.registry.export_of("absences/absences"), 2020).status == "accepted"
        return place

    @cached_property
    def published(self) -> Path:
        """The same home, published."""
        place = shutil.copytree(self.dropped, self.folder / "published", symlinks=True)
        assert called(Home(place / "home"), list(RUN), place) == 0, (place / "said").read_text()
        return place

    @cached_property
    def decided(self) -> Path:
        """The same home, published, in which nothing stops a release."""
        tried = shutil.copytree(self.published, self.folder / "tried", symlinks=True)
        called(Home(tried / "home"), list(FREEZE), tried)
        place = shutil.copytree(self.published, self.folder / "decided", symlinks=True)
        for finding in re.findall(r"^([0-9a-f]{12}) ", (tried / "said").read_text(), re.MULTILINE):
            decision = ["decide", finding, "--because", "lu", "--by", PERSONS[0]]
            assert called(Home(place / "home"), decision, place) == 0, (place / "said").read_text()
        return place

    @cached_property
    def frozen(self) -> Path:
        """The same home, with a frozen year."""
        place = shutil.copytree(self.decided, self.folder / "frozen", symlinks=True)
        assert called(Home(place / "home"), list(FREEZE), place) == 0, (place / "said").read_text()
        return place

    @cached_property
    def kept(self) -> Path:
        """A backup without its home."""
        place = shutil.copytree(self.collected, self.folder / "keeping", symlinks=True)
        assert called(Home(place / "home"), ["backup", f"{place}/kept"], place) == 0
        shutil.rmtree(place / "home")
        return place


def drop(home: Home, text: str) -> None:
    """Put the export in the mailbox."""
    (home.landing / "2020" / "absences.csv").write_text(text, encoding="utf-8")


def called(home: Home, command: list[str], place: Path, kill_after: float | None = None) -> int | None:
    """The exit code of a command; None when it was killed before its end."""
    environment = os.environ | {
        "MILLESIME_HOME": str(home.root),
        "MILLESIME_KEY_FILE": str(place / "key"),
        "MILLESIME_REMOVALS_FILE": str(place / "removals"),
        "MILLESIME_QUIET": "0",
    }
    with (place / "said").open("w") as said:
        process = subprocess.Popen(
            [MILLESIME, *command], env=environment, stdout=said, stderr=said, start_new_session=True
        )
        try:
            return process.wait(kill_after)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None


def looked_at(home: Home, before: Head | None, reference: dict[str, Any]) -> dict[str, str]:
    """What a reader would find wrong just after the kill: lost or mixed data."""
    faults = {}
    try:
        refuse_damaged(home)
        if before:
            with open_ledger(home) as ledger:
                if broken := ledger.check({"before": before}):
                    faults["lost"] = broken[0].sentence()
    except LedgerLost as error:
        faults["lost"] = str(error)
    if home.published.exists():
        listed = read_json(home.published / STATE)["files"]
        strange = [name for name, sha256 in listed.items() if sha256_of(home.published / name) != sha256]
        if strange:
            faults["mixed"] = strange[0]
    return faults


def digest(home: Home, place: Path) -> dict[str, Any]:
    """A digest, without times, of what counts, what readers see and what is kept."""
    with open_ledger(home) as ledger:
        current = {key: [file.sha256 for file in one.manifest.files] for key, one in ledger.current().items()}
        removed = sorted(row["subject"] for row in ledger.all_rows("removals"))
    files = read_json(home.published / STATE)["files"] if home.published.exists() else {}
    kept = place / "kept"
    return {
        "current": current,
        "removed": removed,
        "published": {name: sha256 for name, sha256 in files.items() if not name.startswith("audit/")},
        "archive": sorted(path.name for path in home.archive.glob("*")),
        "lake": sorted(str(path.relative_to(home.lake)) for path in home.lake.rglob("*.parquet")),
        "exports": sorted(str(path.relative_to(home.exports)) for path in home.exports.rglob("*") if path.is_file()),
        "kept": sorted(str(path.relative_to(kept)) for path in kept.rglob("*")),
        "frozen": {
            str(path.relative_to(home.releases)): sha256_of(path) for path in home.releases.glob("*/rapport/*.parquet")
        },
        "sent": sorted(str(path.relative_to(home.root)) for path in home.transmissions.rglob("*")),
        "beside": sorted(path.name for path in place.glob(".*")),
    }
