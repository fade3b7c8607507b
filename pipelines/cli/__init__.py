"""``millesime``: the command line. Thin: it asks the other packages and shows what they answer.

Results go to standard output, diagnostics and progress to standard error. Whatever is slow to import (duckdb,
sqlalchemy, dagster, great_expectations, rich) is imported by the command that needs it. No rule of the
pipeline belongs here.
"""

import atexit
import gc
import os
import sys
import threading
from contextlib import suppress


def main() -> None:
    """Entry point of the ``millesime`` script: one command, then the end of the process.

    Collecting garbage while libraries are imported, and freeing what they made one object after the other at the end, takes two
    to three seconds of a run.
    """
    gc.disable()
    from pipelines.cli.app import millesime
    from pipelines.private import keep_to_owner

    keep_to_owner()

    code: int | str | None = 0
    try:
        millesime(prog_name="millesime")
    except SystemExit as ending:
        code = ending.code
    threading._shutdown()  # type: ignore[attr-defined]  # waits for other threads, as Python itself does
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads it any more
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))
