"""Opens and saves a document with LibreOffice, in a profile made for the test."""

import shutil
import subprocess
from pathlib import Path

from tests.services import unavailable


def converted(file: Path, folder: Path, kind: str) -> Path:
    """``file`` opened by LibreOffice and saved as ``kind`` (pdf, docx) in another folder."""
    program = shutil.which("soffice")
    if program is None:
        unavailable("LibreOffice", "libreoffice-writer-nogui")
    profile = (folder / "profil").as_uri()
    done = subprocess.run(
        [program, f"-env:UserInstallation={profile}", "--headless", "--convert-to", kind, "--outdir", folder, file],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    made = folder / f"{file.stem}.{kind}"
    assert done.returncode == 0 and made.is_file(), done.stderr
    return made
