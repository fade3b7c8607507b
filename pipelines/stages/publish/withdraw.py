"""Takes a public profile back from everywhere it went: the public folder, its pages, exports, the server.

The ledger says so before anything is removed, and the same public profile is never published again.
"""

import shutil
from pathlib import Path

from pipelines.ledger.state import MANIFEST, read_manifest
from pipelines.ledger.workspace import Workspace
from pipelines.publication import FOLDERS, PUBLIC
from pipelines.settings import Home, Server
from pipelines.stages.publish.profiles import NotPublished


def withdraw(work: Workspace, reason: str, by: str, server: Server | None) -> list[str]:
    """Take the public profile back; where it was, a folder of the home each, or the server.

    Raises NotPublished when it is nowhere, and NotServed when the server, which comes last, keeps it: the rest is taken back.
    """
    from pipelines.stages.publish.postgres import remove

    home, ledger = work.home, work.ledger
    folders = public_folders(home)
    serves = server is not None and server.profile == PUBLIC
    if not folders and not serves:
        raise NotPublished("rien n’est publié dans le profil public")
    places = [folder.relative_to(home.root).as_posix() for folder in folders]
    last, manifest = ledger.last_publication(), home.published / FOLDERS[PUBLIC] / MANIFEST
    if last and manifest.exists():
        profile = read_manifest(manifest.parent)["publication"]
        ledger.record_withdrawal(last["publication"], profile, reason, by, [*places, *["PostgreSQL"] * serves])
    for folder in folders:
        shutil.rmtree(folder)
    if server is not None and serves and remove(server):
        places.append("PostgreSQL")
    return places


def public_folders(home: Home) -> list[Path]:
    """Every folder of a home that holds a public profile, or what was drawn from one; those of a release are its evidence."""
    patterns = (
        (home.builds, f"*/{PUBLIC}"),
        (home.builds, f"*/report/*/{PUBLIC}"),
        (home.exports, f"*/{PUBLIC}"),
        (home.reports, f"*/{PUBLIC}"),
    )
    return [path for folder, pattern in patterns for path in sorted(folder.glob(pattern)) if path.is_dir()]
