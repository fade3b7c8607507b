"""Runs one measure in its own process: wall-clock seconds, processor seconds and peak memory, child processes included."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.stages.ingest import child

Measure = dict[str, Any]


def answer(work: Callable[[], Measure]) -> None:
    """In the process that is measured: print what ``work`` says, its seconds and its peak memory."""
    start = time.perf_counter()
    said = work()
    said.setdefault("seconds", time.perf_counter() - start)
    if child._parent.cache_info().currsize:  # what it forked is counted once it has ended
        process, connection = child._parent()
        connection.close()
        process.wait()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    said["processor"] = sum(one.ru_utime + one.ru_stime for one in used)
    said["peak_mb"] = max(one.ru_maxrss for one in used) / 1024
    print(json.dumps(said))


def measured(module: str, *arguments: object) -> Measure:
    """Run ``python -m module arguments`` and take its answer, the last line that it prints."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    )
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)
    return json.loads(done.stdout.strip().splitlines()[-1])
