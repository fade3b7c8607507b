"""Runs Pandoc, which converts documents: no file and no address is opened, and the same content gives the same bytes.

It is the program inside the package ``pypandoc``, so that its version is the lock's. Each conversion is a process of its
own, with a limit of memory and of time: a document may come from outside.
"""

import io
import subprocess
import zipfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

MEMORY = "1g"  # of the Haskell heap: what Pandoc reserves is much more, so a limit of the system would stop it at once
SECONDS = 300
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every part of a document
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "SOURCE_DATE_EPOCH": "0"}
FIRST = ("mimetype", "[Content_Types].xml")  # what programs look at first in a document


class NotConverted(ValueError):
    """A document that Pandoc cannot read, or not within its limits."""


def converted(content: bytes, reader: str, writer: str, *options: str, folder: Path | None = None) -> bytes:
    """``content`` in another format; ``folder`` is where the options find their files. Raises NotConverted."""
    program = str(files("pypandoc") / "files" / "pandoc")
    command = [program, "+RTS", f"-M{MEMORY}", "-RTS", "--sandbox", "-f", reader, "-t", writer, "-o", "-", *options]
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, cwd=folder, env=ENVIRONMENT, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotConverted(f"la conversion prend plus de {SECONDS} s") from None
    if done.returncode:
        raise NotConverted("le document ne se lit pas")  # what Pandoc says may quote it
    return done.stdout


def rewritten(document: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """A .docx or an .odt whose parts are what ``change`` makes of (name, content), in a fixed order, at a fixed date."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as parts, zipfile.ZipFile(out, "w") as made:
        for name in sorted(parts.namelist(), key=lambda name: (name not in FIRST, name)):
            packing = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            made.writestr(zipfile.ZipInfo(name, EPOCH), change(name, parts.read(name)), packing)
    return out.getvalue()
