"""Two hundred hostile files of one seed each end with a sentence, in little time and memory."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.campaign
def test_every_file_is_answered() -> None:
    command = [
        sys.executable,
        "-m",
        "tests.stages.ingest.hostile",
    ]  # alone, since it measures the memory of its children
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    count = re.search(r"^(\d+) files, ", done.stdout, flags=re.MULTILINE)
    assert count and int(count[1]) > 200, done.stdout
