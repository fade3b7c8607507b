"""Starts runs as Dagster does, and can also tell whether the process of a run is still alive, which Dagster's own cannot.

Otherwise, a run whose process died together with the process that started it (killed, out of memory, power cut) would stay
STARTED and block the queue for ever. ``dagster.yaml`` names this class, and the daemon calls it (``run_monitoring``).
"""

import os
from pathlib import Path

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

from pipelines.private import is_alive

MARGIN = 5  # seconds: the kernel counts in hundredths from a boot whose time it rounds


class Launcher(DefaultRunLauncher):
    """Dagster's, with a health check."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """True: the processes of a home's runs are on one machine."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """FAILED when the process that began a run is gone."""
        log = self._instance.event_log_storage
        begun = log.get_logs_for_run(run.run_id, of_type=dg.DagsterEventType.RUN_START)
        last = log.get_logs_for_run(run.run_id, limit=1, ascending=False)
        pid = begun[-1].get_dagster_event().pid if begun else None
        if pid is None or _is_of(pid, last[0].timestamp):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, f"son processus ({pid}) n’est plus là")


def _is_of(pid: int, seen: float) -> bool:
    """True if a process has this number and began before ``seen`` (Unix time), since numbers are reused, especially
    after a restart."""
    if not is_alive(pid):
        return False
    process = Path(f"/proc/{pid}/stat")
    if not process.exists():  # no Linux
        return True
    ticks = int(process.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19])
    boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))
    return int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK") <= seen + MARGIN
