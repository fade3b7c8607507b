"""``kill -9`` at every named step: readers see one whole version, and the next run finishes as if nothing had happened."""

import json
import os
import subprocess
import sys

import pytest

from pipelines.failpoints import STEPS
from pipelines.settings import PROJECT_ROOT

pytestmark = pytest.mark.campaign(minutes=1)
COMMIT = STEPS.index("accept.after_commit")
SWAP = STEPS.index("publish.after_swap")


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kill")
    (folder / "key").write_bytes(b"k" * 32)
    environment = {**os.environ, "MILLESIME_KEY_FILE": str(folder / "key")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.runs.collect.killing", str(folder)],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_correction_changes_what_it_must(seen):
    before, plain = seen["before"], seen["None"]
    assert plain["codes"] == [0, 0]
    assert before["figures"] == [[2019, "3.00"], [2020, "3.00"]]
    assert plain["after"]["figures"] == [[2019, "3.00"], [2020, "43.00"]]
    assert plain["between"] == plain["after"], "the same run again changes nothing"
    assert plain["after"]["current"]["('essai/export', 2019)"] == before["current"]["('essai/export', 2019)"]


@pytest.mark.parametrize("step", STEPS)
def test_the_next_run_finishes(seen, step):
    assert seen[step]["codes"] == [-9, 0]
    assert seen[step]["after"] == seen["None"]["after"]


@pytest.mark.parametrize("step", STEPS)
def test_a_reader_sees_one_whole_version(seen, step):
    between, place = seen[step]["between"], STEPS.index(step)
    before, after = seen["before"], seen["None"]["after"]
    expected = after if place >= SWAP else before
    assert (between["figures"], between["files"]) == (expected["figures"], expected["files"])
    assert between["current"] == (after if place >= COMMIT else before)["current"]
