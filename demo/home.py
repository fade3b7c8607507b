"""Makes the demonstration's home: its organisation, every export of its exercices and the prose of its reports.

The rows are invented so as to give the published figures (``chiffres``); the same code gives the same bytes.
A home that holds anybody else's deliveries is refused.
"""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import yaml

from demo import chiffres, exports_comptes, journaux
from demo.livraisons import Defaut, Livraison

ORGANISATION = Path(__file__).with_name("organisation.yml")
CONTENU = Path(__file__).with_name("contenu")  # the prose of each year
EXERCICES = chiffres.EXERCICES


def make_home(home: Path, exercices: Sequence[int] = EXERCICES) -> None:
    """Write ``organisation.yml`` and ``landing/<exercice>/…`` in ``home``; made again, it is as new.

    Raises ValueError when an exercice is not one of the published reports, or when ``home`` holds deliveries
    other than the demonstration's. A file that already has the right bytes is left untouched.
    """
    if unknown := sorted(set(exercices) - set(EXERCICES)):
        raise ValueError(f"the demonstration knows {EXERCICES}, not {unknown}")
    _refuse_other_organisation(home)
    home.mkdir(parents=True, exist_ok=True)
    workdir = Path(tempfile.mkdtemp(prefix=".demonstration-", dir=home))
    try:
        deliveries = _deliveries(workdir)
        _refuse_other_deliveries(home, deliveries.keys())
        for name, content in deliveries.items():
            if int(name.split("/")[0]) in exercices:
                _put(home / "landing" / name, content)
        for path in sorted(CONTENU.rglob("*.md")):
            _put(home / "contenu" / path.relative_to(CONTENU), path.read_bytes())
        _put(home / "organisation.yml", ORGANISATION.read_bytes())
    finally:
        shutil.rmtree(workdir)


def livraisons(exercice: int) -> Iterator[Livraison]:
    """Every file of one exercice, budget documents excepted."""
    yield from exports_comptes.exports(exercice)
    yield journaux.formations(exercice)
    yield journaux.assistance(exercice)
    yield from journaux.elections(exercice)
    yield from chiffres.absences(exercice)
    yield from chiffres.rapports_publies(exercice)


def planted_defects(exercices: Sequence[int] = EXERCICES) -> list[Defaut]:
    """Every defect that the pipeline must catch in these exercices."""
    return [d for exercice in exercices for livraison in livraisons(exercice) for d in livraison.defauts]


def _deliveries(workdir: Path) -> dict[str, bytes]:
    """Path under ``landing/`` → content, of every exercice; budget documents pass through ``workdir``."""
    from demo.budget import write_budget

    found = {}
    for exercice in EXERCICES:
        found |= {livraison.chemin: livraison.contenu for livraison in livraisons(exercice)}
        write_budget(workdir / str(exercice) / "budget", exercice)
    files = (path for path in sorted(workdir.rglob("*")) if path.is_file())
    return found | {path.relative_to(workdir).as_posix(): path.read_bytes() for path in files}


def _refuse_other_organisation(home: Path) -> None:
    declared = home / "organisation.yml"
    if declared.exists():
        data = yaml.safe_load(declared.read_text(encoding="utf-8"))
        if not (isinstance(data, dict) and data.get("demonstration") is True):
            raise ValueError(f"{home} belongs to another organisation: choose another folder for the demonstration")
    elif any(_holds_something(home / name) for name in ("landing", "archive", "lake", "ledger.db")):
        raise ValueError(f"{home} already holds deliveries: choose another folder for the demonstration")


def _holds_something(path: Path) -> bool:
    return path.is_file() or (path.is_dir() and any(path.iterdir()))


def _refuse_other_deliveries(home: Path, known: Collection[str]) -> None:
    landing = home / "landing"
    present = {path.relative_to(landing).as_posix() for path in landing.rglob("*") if path.is_file()}
    foreign = sorted(path for path in present.difference(known) if not path.rsplit("/", 1)[-1].startswith((".", "~$")))
    if foreign:
        raise ValueError(
            f"{landing} holds {len(foreign)} file(s) that are not the demonstration's, first {foreign[0]}: "
            "move them away, or choose another folder"
        )


def _put(path: Path, content: bytes) -> None:
    """Write the file whole, or leave it if it is right."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(content)
    aside.rename(path)
