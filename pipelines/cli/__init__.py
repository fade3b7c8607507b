"""``millesime``: the command line. Thin: it asks the other packages and shows what they answer.

Results go to standard output, diagnostics and progress to standard error. Whatever is slow to import (duckdb,
sqlalchemy, dagster, great_expectations, rich) is imported by the command that needs it. No rule of the
pipeline belongs here.
"""

import atexit
import gc
import os
import signal
import sys
import threading
from contextlib import suppress


def main() -> None:
    """Entry point of the ``millesime`` script: one command, then the end of the process.

    Collecting garbage while libraries are imported, and freeing what they made one object after the other at the end, takes two
    to three seconds of a run.
    """
    gc.disable()
    _speak_utf8()
    from pipelines.cli.app import INTERRUPTED, NO_DISK, USAGE, millesime
    from pipelines.disk import is_full, why
    from pipelines.private import keep_to_owner

    keep_to_owner()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a name of a file may be no text

    code: int | str | None = 0
    try:
        millesime(prog_name="millesime")
    except SystemExit as ending:
        code = ending.code
    except OSError as error:  # the help cannot be written
        print(f"Erreur : la sortie standard ne peut pas être écrite : {why(error)}", file=sys.stderr)
        code = NO_DISK if is_full(error) else USAGE
    if code == INTERRUPTED:
        _end_children()
    threading._shutdown()  # type: ignore[attr-defined]  # waits for other threads, as Python itself does
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads it any more
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _end_children() -> None:
    """After Ctrl-C nobody waits for what other processes are at, nor more than moments for what threads are."""
    from multiprocessing import resource_tracker
    from pathlib import Path

    kept = getattr(resource_tracker._resource_tracker, "_pid", None)  # frees what the others held
    with suppress(OSError):
        for task in Path("/proc/self/task").iterdir():
            for pid in map(int, (task / "children").read_text().split()):
                if pid != kept:
                    os.kill(pid, signal.SIGKILL)
    last = threading.Timer(3, os._exit, [130])
    last.daemon = True
    last.start()


def _speak_utf8() -> None:
    """Begin again in UTF-8 where the locale has another encoding (``LC_ALL=C``): names of files and words are in it."""
    if sys.getfilesystemencoding().lower() != "utf-8" and not sys.flags.utf8_mode:
        os.environ["PYTHONUTF8"] = "1"  # for children
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
