"""Makes a demonstration's home: its organisation, every export of its exercices and the prose of its reports.

The rows are invented so as to give the published figures, then plausible ones for the years that no report
describes yet (``chiffres``); the same code gives the same bytes. A home that holds anybody else's deliveries is
refused. ``make_flux`` makes that of a body which has nothing but its three national flows.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

import yaml

from demo import (
    chiffres,
    exports_comptes,
    exports_dsn,
    exports_rh,
    finances,
    flux,
    glpi,
    gouvernance,
    infrastructure,
    journaux,
    projets,
    rgpd,
)
from demo.livraisons import Defaut, Livraison

ORGANISATION = Path(__file__).with_name("organisation.yml")
CONTENU = Path(__file__).with_name("contenu")  # the prose of each year
EXERCICES = chiffres.EXERCICES  # those that a home has at least
CONNUS = (*EXERCICES, *chiffres.SUIVANTS)
GENERATEURS: tuple[Callable[[int], Iterable[Livraison]], ...] = (  # each gives its files of one exercice
    exports_comptes.exports,
    exports_rh.cegid,
    exports_rh.ciril,
    exports_dsn.dsn,
    journaux.formations,
    journaux.assistance,
    journaux.elections,
    glpi.tickets,
    finances.ecritures,
    finances.factures,
    infrastructure.exports,
    gouvernance.comite,
    rgpd.registres,
    rgpd.suivi,
    projets.portefeuille,
    chiffres.absences,
    chiffres.rapports_publies,
)


def make_home(home: Path, exercices: Sequence[int] = EXERCICES) -> None:
    """Write ``organisation.yml``, ``landing/<exercice>/…`` and ``contenu/<exercice>/…`` in ``home``, as new each time.

    The organisation's exercices end with the last one that was ever made there. A file that already has the right
    bytes is left untouched. Raises ValueError when the demonstration does not know an exercice, or when ``home``
    holds deliveries other than the demonstration's.
    """
    if unknown := sorted(set(exercices) - set(CONNUS)):
        raise ValueError(
            f"la démonstration connaît {', '.join(map(str, CONNUS))}, et non {', '.join(map(str, unknown))}"
        )
    _refuse_other_organisation(home, ORGANISATION)
    home.mkdir(parents=True, exist_ok=True)
    workdir = Path(tempfile.mkdtemp(prefix=".demonstration-", dir=home))
    try:
        years = sorted({*exercices, *_made(home)})
        deliveries = _deliveries(workdir, years)
        _refuse_other_deliveries(home, deliveries.keys())
        for name, content in deliveries.items():
            if int(name.split("/")[0]) in exercices:
                _put(home / "landing" / name, content)
        for path in (path for exercice in exercices for path in sorted((CONTENU / str(exercice)).rglob("*.md"))):
            _put(home / "contenu" / path.relative_to(CONTENU), path.read_bytes())
        for path in sorted((CONTENU / "images").iterdir()):
            _put(home / "contenu" / path.relative_to(CONTENU), path.read_bytes())
        _put(home / "organisation.yml", _organisation(max(*EXERCICES, *years)))
    finally:
        shutil.rmtree(workdir)


def make_flux(home: Path) -> None:
    """Write the home of the body that is known by its three national flows (``flux``). Raises ValueError as ``make_home`` does."""
    _refuse_other_organisation(home, flux.ORGANISATION)
    home.mkdir(parents=True, exist_ok=True)
    deliveries = {one.chemin: one.contenu for exercice in flux.EXERCICES for one in flux.livraisons(exercice)}
    _refuse_other_deliveries(home, deliveries.keys())
    for name, content in deliveries.items():
        _put(home / "landing" / name, content)
    _put(home / "organisation.yml", flux.ORGANISATION.read_bytes())


def livraisons(exercice: int) -> Iterator[Livraison]:
    """Every file of one exercice, budget documents excepted."""
    for generateur in GENERATEURS:
        yield from generateur(exercice)


def planted_defects(exercices: Sequence[int] = EXERCICES) -> list[Defaut]:
    """Every defect that the pipeline must catch in these exercices."""
    return [d for exercice in exercices for livraison in livraisons(exercice) for d in livraison.defauts]


def _made(home: Path) -> set[int]:
    """The exercices that the home's landing holds already."""
    return {exercice for exercice in CONNUS if (home / "landing" / str(exercice)).exists()}


def _organisation(dernier: int) -> bytes:
    """The organisation, its exercices ending with ``dernier``."""
    texte = ORGANISATION.read_text(encoding="utf-8")
    return texte.replace(f"dernier: {EXERCICES[-1]}", f"dernier: {dernier}", 1).encode()


def _deliveries(workdir: Path, exercices: Collection[int]) -> dict[str, bytes]:
    """Path under ``landing/`` → content, of these exercices; budget documents pass through ``workdir``."""
    from demo.budget import write_budget

    found = {}
    for exercice in exercices:
        found |= {livraison.chemin: livraison.contenu for livraison in livraisons(exercice)}
        write_budget(workdir / str(exercice) / "budget", exercice)
    files = (path for path in sorted(workdir.rglob("*")) if path.is_file())
    return found | {path.relative_to(workdir).as_posix(): path.read_bytes() for path in files}


def _refuse_other_organisation(home: Path, organisation: Path) -> None:
    declared = home / "organisation.yml"
    if declared.exists():
        data, ours = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in (declared, organisation))
        if not (isinstance(data, dict) and data.get("demonstration") is True and data.get("siren") == ours["siren"]):
            raise ValueError(
                f"{home} est le dossier d’une autre organisation : choisir un autre dossier pour la démonstration"
            )
    elif any(_holds_something(home / name) for name in ("landing", "archive", "lake", "ledger.db")):
        raise ValueError(f"{home} contient déjà des livraisons : choisir un autre dossier pour la démonstration")


def _holds_something(path: Path) -> bool:
    return path.is_file() or (path.is_dir() and any(path.iterdir()))


def _refuse_other_deliveries(home: Path, known: Collection[str]) -> None:
    landing = home / "landing"
    present = {path.relative_to(landing).as_posix() for path in landing.rglob("*") if path.is_file()}
    foreign = sorted(path for path in present.difference(known) if not path.rsplit("/", 1)[-1].startswith((".", "~$")))
    if foreign:
        raise ValueError(
            f"{landing} contient des fichiers qui ne sont pas de la démonstration ({len(foreign)}, dont {foreign[0]}) : "
            "les déplacer, ou choisir un autre dossier"
        )


def _put(path: Path, content: bytes) -> None:
    """Write the file whole, or leave it if it is right."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(content)
    aside.rename(path)
