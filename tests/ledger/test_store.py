"""The ledger: rows are only added, recording the same thing twice changes nothing, and rows keep the order of entry."""

import sqlite3
import subprocess
import sys
from dataclasses import replace

from pipelines.ledger.records import Finding, Removal
from pipelines.ledger.store import Ledger, open_ledger
from pipelines.settings import Home
from tests.ledger.entries import accept, current, manifest, refuse, rows, verdict


def test_everything_comes_back_as_it_was(ledger):
    one = manifest("a")
    accept(ledger, one)
    found = ledger.current()["essai/export", 2020]
    assert found.manifest == one
    assert found.verdicts == ["a-suite"]
    assert ledger.verdict("a-suite") == verdict("a") == ledger.verdicts_of("a")[0]
    assert ledger.verdict("b-suite") is None
    finding = Finding("PUB-ECART", "alerte", 2020, "x.y", "message", ecart="0,62", ligne=3)
    ledger.record_build("b1", True, ["a"], [{"name": "t", "status": "pass", "failures": 0}])
    ledger.record_findings("b1", [finding, finding])
    assert ledger.findings_of("b1") == [finding]
    assert ledger.build("b1")["deliveries"] == ["a"] == ledger.last_build()["deliveries"]
    ledger.record_publication("p1", "b1", "c" * 64)
    assert ledger.last_publication()["publication"] == "p1"


def test_an_empty_ledger_answers(ledger):
    assert ledger.current() == {}
    assert ledger.last_build() is None and ledger.build("x") is None and ledger.last_publication() is None
    assert ledger.last_refusal("essai/export", 2020) is None
    assert ledger.accepted_elsewhere({"x"}, "essai/export", 2020) is None


def test_the_same_thing_twice_changes_nothing(ledger):
    def everything():
        refuse(ledger, exercice=2019)
        ledger.record_build("b1", True, ["a"], [])
        ledger.record_findings("b1", [Finding("PUB-ECART", "alerte", 2020, "x", "m")])
        return accept(ledger, manifest("a"))

    assert everything() is True
    before = rows(ledger)
    assert everything() is False
    assert rows(ledger) == before


def test_the_last_accepted_counts_and_a_former_one_can_come_back(ledger):
    for name in ("a", "b", "a"):
        assert accept(ledger, manifest(name)) is True
        assert current(ledger) == {("essai/export", 2020): name}
    assert len(ledger.all_rows("acceptances")) == 3
    accept(ledger, manifest("c", 2019))
    assert current(ledger) == {("essai/export", 2020): "a", ("essai/export", 2019): "c"}


def test_another_suite_is_another_acceptance(ledger):
    accept(ledger, manifest("a"))
    assert accept(ledger, manifest("a"), "other suite") is True
    assert ledger.current()["essai/export", 2020].verdicts == ["a-other suite"]
    assert ledger.verdicts_of("a")[0].suite == "other suite"


def code(ledger: Ledger) -> str | None:
    refusal = ledger.last_refusal("essai/export", 2020)
    return refusal["rule"]["code"] if refusal else None


def test_a_refusal_stands_until_something_is_accepted_after_it(ledger, clock):
    clock("2020-01-01T00:00:00+00:00")  # all within one second
    steps = []
    for step in ("x", "a", "x", "y", "x", "a", "a", "b", "x"):
        if step in "xy":
            refuse(ledger, {"x": "FIC-VIDE", "y": "FIC-NATURE"}[step])
        else:
            accept(ledger, manifest(step))
        steps.append(code(ledger))
    assert steps == ["FIC-VIDE", None, "FIC-VIDE", "FIC-NATURE", "FIC-VIDE", None, None, None, "FIC-VIDE"]
    assert current(ledger) == {("essai/export", 2020): "b"}
    assert len(ledger.all_rows("refusals")) == 2
    assert ledger.last_refusal("essai/export", 2019) is None


def test_a_clock_that_goes_back_changes_nothing(ledger, clock):
    times = iter(f"20{year}-01-01" for year in range(40, 10, -1))
    for step in ("a", "x", "b"):
        clock(next(times))
        refuse(ledger) if step == "x" else accept(ledger, manifest(step))
    assert current(ledger) == {("essai/export", 2020): "b"}
    assert code(ledger) is None


def test_the_same_bytes_for_another_exercice(ledger):
    accept(ledger, manifest("a", 2019, sha="s"))
    assert ledger.accepted_elsewhere({"s", "t"}, "essai/export", 2020) == 2019
    assert ledger.accepted_elsewhere({"s"}, "essai/export", 2019) is None
    assert ledger.accepted_elsewhere({"s"}, "essai/other", 2020) is None
    accept(ledger, manifest("b", 2019, sha="t"))  # 2019 was corrected: its former bytes are free again
    assert ledger.accepted_elsewhere({"s"}, "essai/export", 2020) is None


def test_a_build_that_comes_back_is_the_last_one(ledger):
    for build, succeeded in (("b1", True), ("x1", False), ("b1", True), ("b1", True)):
        ledger.record_build(build, succeeded, [], [])
    assert ledger.last_build()["build"] == "b1"
    assert len(ledger.all_rows("builds")) == 3
    assert ledger.build("x1")["succeeded"] is False


def test_a_home_with_any_name(tmp_path):
    for name in ("a?b", "a#b", "a%20b", "été"):
        home = Home(tmp_path / name)
        with open_ledger(home) as opened:
            accept(opened, manifest("a"))
        assert home.ledger_file.exists()
        assert home.ledger_file.stat().st_mode & 0o777 == 0o600


def test_what_a_killed_process_had_not_committed_is_not_there(tmp_path):
    home = Home(tmp_path / "home")
    script = f"""
import os, signal
from pathlib import Path
from pipelines.settings import Home
from pipelines.ledger.store import Ledger
from tests.ledger.entries import accept, manifest
ledger = Ledger(Home(Path({str(home.root)!r})))
accept(ledger, manifest("a"))
real = ledger._enter_outcome
def killed(*args):
    os.kill(os.getpid(), signal.SIGKILL)
ledger._enter_outcome = killed
accept(ledger, manifest("b"))
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -9
    with open_ledger(home) as opened:
        assert current(opened) == {("essai/export", 2020): "a"}
        assert accept(opened, manifest("b")) is True
        assert current(opened) == {("essai/export", 2020): "b"}


def test_two_writers_lose_nothing(tmp_path):
    home = Home(tmp_path / "home")
    Ledger(home).close()
    script = f"""
import sys
from pathlib import Path
from pipelines.settings import Home
from pipelines.ledger.store import Ledger
from tests.ledger.entries import accept, manifest
ledger = Ledger(Home(Path({str(home.root)!r})))
for n in range(15):
    accept(ledger, manifest(f"{{sys.argv[1]}}{{n}}", 1900 + n, export=sys.argv[1]))
"""
    writers = [subprocess.Popen([sys.executable, "-c", script, name]) for name in ("un", "deux")]
    assert [writer.wait() for writer in writers] == [0, 0]
    with open_ledger(home) as opened:
        assert len(opened.current()) == 30


def test_it_is_plain_sqlite_and_durable(ledger, tmp_path):
    accept(ledger, manifest("a"))
    with sqlite3.connect(tmp_path / "home" / "ledger.db") as db:
        assert db.execute("select delivery from acceptances").fetchall() == [("a",)]
    with ledger.engine.connect() as connection:
        assert connection.exec_driver_sql("pragma synchronous").scalar() == 2


def test_what_blocks():
    base = verdict("a").results[0]
    assert [
        replace(base, success=s, severity=v).blocks
        for s, v in (
            (True, "critical"),
            (False, "critical"),
            (False, "warning"),
            (None, "warning"),
            (None, "critical"),
        )
    ] == [False, True, False, True, True]


def test_whatever_is_to_disappear_is_counted(ledger):
    """A copy kept elsewhere is recreated after each."""
    assert ledger.removals() == 0
    ledger.record_withdrawal("publication", "profil", "seuil trop bas", "A", ["published/public"])
    ledger.record_removal(Removal("RGPD", "a" * 64, reason="demande", removed_by="A"))
    assert ledger.removals() == 2
    refuse(ledger)
    assert ledger.removals() == 2
