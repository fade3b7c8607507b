"""Makes what was written last: a file, or a folder whose entries were renamed, is flushed to the disk."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Flush a file, or a folder's entries, so that a rename survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
