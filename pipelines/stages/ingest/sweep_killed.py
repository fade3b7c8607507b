"""Removes the files that a killed ingest left behind: nothing reads them, but they contain data.

Files being written carry their process in their name (``.….<pid>``, ``.lecture-<pid>-…``): those of a living process are
left alone. Rows that no manifest lists are those of a delivery that was not finished.
"""

import re
import shutil

from pipelines.private import is_alive
from pipelines.settings import Home

WORK = ".lecture-"  # working folders, in the archive
OWNER = re.compile(r"^\.(?:lecture-(\d+)-.*|.*\.(\d+))$")


def sweep(home: Home, system: str) -> None:
    """Remove the leftovers of dead processes in the archive and the lake, and the orphans of one system."""
    for path in [*home.archive.glob(".*"), *home.lake.glob(".*"), *(home.lake / system).glob(".*")]:
        owner = OWNER.match(path.name)
        if owner and not is_alive(int(owner[1] or owner[2])):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    written = list((home.lake / system).glob("*/*/*.parquet"))
    if not any(home.archive.glob(f"{WORK}*")):  # by then their writer has written the manifest, or is dead
        listed = {path.name.split(".")[-2] for path in (home.lake / system).glob("*.json")}
        for path in written:
            if path.name.split(".")[0] not in listed:
                path.unlink()
