"""``millesime``: the command line. It only calls the other packages and shows their answers.

Results go to standard output, diagnostics and progress to standard error. Each command imports slow libraries (duckdb,
sqlalchemy, dagster, great_expectations, rich) only when it needs them. No rule of the pipeline belongs here.
"""

import gc
import os
import signal
import sys


def main() -> None:
    """Entry point of the ``millesime`` script: one command."""
    # start again in UTF-8 when the locale has another encoding (``LC_ALL=C``): file names and words need it
    if sys.getfilesystemencoding().lower() != "utf-8" and not sys.flags.utf8_mode:
        os.environ["PYTHONUTF8"] = "1"  # for children
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
    gc.set_threshold(100_000, 50, 100)  # hundreds of thousands of objects are imported, which nothing ever frees
    # of a stream that the caller closed (``>&-``), discard the output: a file opened later must not take its number
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest free number
            os.set_inheritable(opened, True)
            setattr(sys, name, os.fdopen(opened, "w" if number else "r", encoding="utf-8"))
    from pipelines.cli.app import INTERRUPTED, NO_DISK, USAGE, millesime
    from pipelines.cli.interruption import SIGNALS, end_soon
    from pipelines.cli.output import note
    from pipelines.disk import is_full, why
    from pipelines.private import keep_to_owner

    keep_to_owner()
    for sign in SIGNALS:  # where a script began this in the background too, in which Ctrl-C is ignored
        signal.signal(sign, signal.default_int_handler)
    # multiprocessing's tracker frees the locks of dbt that an interruption leaves, and would say so in English
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a file name may not be valid text
    try:
        millesime(prog_name="millesime")
    except SystemExit as ending:
        if ending.code == INTERRUPTED:
            end_soon()
        raise
    except OSError as error:  # the help cannot be written
        note(f"Erreur : la sortie standard ne peut pas être écrite : {why(error)}")
        sys.exit(NO_DISK if is_full(error) else USAGE)
    finally:
        _let_go()


def _let_go() -> None:
    """Write what is left; discard it if the reader has gone or the disk is full, or Python would complain of it at the end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
