"""Withdraws a public profile from everywhere it went: the public folder, its pages, exports, what is ready to send, the server.

The ledger records it before anything is removed, and the same public profile is never published again.
"""

from pathlib import Path

from pipelines.ledger.closing import take_away
from pipelines.ledger.state import MANIFEST, read_manifest
from pipelines.ledger.store import Ledger
from pipelines.ledger.workspace import Workspace
from pipelines.publication import FOLDERS, PUBLIC
from pipelines.settings import Home, Server
from pipelines.stages.publish.postgres import remove
from pipelines.stages.publish.profiles import NotPublished


def withdraw(work: Workspace, reason: str, by: str, server: Server | None) -> list[str]:
    """Withdraw the public profile; return where it was: folders or files of the home, or the server.

    Raises NotPublished when it is nowhere, and NotServed when the server, which comes last, keeps it: the rest is
    withdrawn.
    """
    home, ledger = work.home, work.ledger
    found = public_places(home, ledger)
    serves = server is not None and server.profile == PUBLIC
    if not found and not serves:
        raise NotPublished("rien n’est publié dans le profil public")
    places = [place.relative_to(home.root).as_posix() for place in found]
    last, manifest = ledger.last_publication(), home.published / FOLDERS[PUBLIC] / MANIFEST
    if last and manifest.exists():
        profile = read_manifest(manifest.parent)["publication"]
        ledger.record_withdrawal(last["publication"], profile, reason, by, [*places, *["PostgreSQL"] * serves])
    take_away(home, ledger, found)
    if server is not None and serves and remove(server):
        places.append("PostgreSQL")
    return places


def public_places(home: Home, ledger: Ledger) -> list[Path]:
    """Everything that contains, was made from or leads to a public profile, except releases and sendings, which stay as
    evidence."""
    sent = {home.transmissions / row["release"] / row["profile"] for row in ledger.all_rows("sendings")}
    patterns = (
        (home.builds, f"*/{PUBLIC}"),
        (home.builds, f"*/report/*/{PUBLIC}"),
        (home.exports, f"*/{PUBLIC}"),
        (home.reports, f"*/{PUBLIC}"),
        (home.transmissions, f"*/{PUBLIC}"),
    )
    return [path for folder, pattern in patterns for path in sorted(folder.glob(pattern)) if path not in sent]
