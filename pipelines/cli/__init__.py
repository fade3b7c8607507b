"""``millesime``: the command line. It only calls the other packages and shows their answers.

Results go to standard output, diagnostics and progress to standard error. Each command imports slow libraries (duckdb,
sqlalchemy, dagster, great_expectations, rich) only when it needs them. No rule of the pipeline belongs here.
"""

import atexit
import gc
import os
import sys
import threading
from contextlib import suppress


def main() -> None:
    """Entry point of the ``millesime`` script: one command, then the end of the process.

    Collecting garbage while libraries are imported, and freeing their objects one by one at the end, would take two to
    three seconds of a run.
    """
    gc.disable()
    _speak_utf8()
    _open_closed()
    from pipelines.cli.app import INTERRUPTED, NO_DISK, USAGE, millesime
    from pipelines.cli.interruption import hear_termination
    from pipelines.cli.output import note
    from pipelines.disk import is_full, why
    from pipelines.private import keep_to_owner

    keep_to_owner()
    hear_termination()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a file name may not be valid text

    code: int | str | None = 0
    try:
        millesime(prog_name="millesime")
    except SystemExit as ending:
        code = ending.code
    except OSError as error:  # the help cannot be written
        note(f"Erreur : la sortie standard ne peut pas être écrite : {why(error)}")
        code = NO_DISK if is_full(error) else USAGE
    _end_others(patient=code != INTERRUPTED)
    threading._shutdown()  # type: ignore[attr-defined]  # waits for other threads, as Python itself does
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # the reader has gone
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _end_others(*, patient: bool) -> None:
    """Do not wait for other processes, whose results nobody needs any more; after an interruption, wait only briefly for threads."""
    from pipelines.cli.interruption import INTERRUPTED, end_children

    if not patient or "multiprocessing" in sys.modules:
        end_children()
    if not patient:
        last = threading.Timer(3, os._exit, [INTERRUPTED])
        last.daemon = True
        last.start()


def _speak_utf8() -> None:
    """Start again in UTF-8 when the locale has another encoding (``LC_ALL=C``): file names and words need it."""
    if sys.getfilesystemencoding().lower() != "utf-8" and not sys.flags.utf8_mode:
        os.environ["PYTHONUTF8"] = "1"  # for children
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def _open_closed() -> None:
    """If the caller closed a stream (``>&-``), discard its output: a file opened later must not take its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest free number
            os.set_inheritable(opened, True)
            setattr(sys, name, os.fdopen(opened, "w" if number else "r", encoding="utf-8"))
