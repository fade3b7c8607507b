"""Writes the report of an exercice and the pages of its collectivités in a folder: the only place that names its files.

<folder>/rapport_activite_2020.html, .pdf    modele.json    collectivites/<name>.html, .pdf
"""

import datetime as dt
import json
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation
from pipelines.disk import sha256_of
from pipelines.ledger.store import Ledger
from pipelines.ledger.workspace import Workspace
from pipelines.publication import FOLDERS, Pages
from pipelines.settings import Home
from pipelines.stages.report.model import Edition, Model, build, slug
from pipelines.stages.report.tables import read_publication

FORMATS = ("html", "pdf")
PROJECT = "projet"


def edition_of(ledger: Ledger, exercice: int, build: str, tables: Path) -> Edition:
    """The release that stands for an exercice, or « projet »: then the fingerprint is that of the tables printed.

    The head of the ledger is that which was reached with the release, or with the build: publishing a report, which
    the ledger notes, does not change it.
    """
    released = [row for row in ledger.all_rows("releases") if row["exercice"] == exercice]
    if released:
        row = released[-1]
        return Edition(
            row["release"], row["fingerprint"], ledger.head_at("releases", row["seq"]), _day(row["released_at"])
        )
    row = next(row for row in reversed(ledger.all_rows("builds")) if row["build"] == build)
    files = sorted((tables / "rapport").glob("*.parquet"))
    printed = fingerprint({path.name: sha256_of(path) for path in files})
    return Edition(PROJECT, printed, ledger.head_at("builds", row["seq"]), _day(row["built_at"]))


def _day(moment: str) -> dt.date:
    return dt.datetime.fromisoformat(moment).date()


@contextmanager
def report_pages(work: Workspace, build: str) -> Iterator[Pages]:
    """What a publication is completed with: the report of the last exercice received, for one of its profiles.

    It is written by a second process: drawing the charts of a first report takes as long as all the rest.
    """
    exercice = max((year for _, year in work.ledger.current()), default=None)
    nothing: Future = Future()
    nothing.set_result([])
    with ProcessPoolExecutor(1, get_context("spawn")) as writer:
        for library in ("typst", "vl_convert", "pipelines.stages.report.html", "pipelines.stages.report.pdf"):
            writer.submit(import_module, library)  # while the tables are copied

        def write(publication: Path, profile: str) -> Future:
            tables = publication / FOLDERS[profile]
            if exercice is None or not (tables / "rapport").exists():
                return nothing
            folder = publication / "report" / str(exercice) / profile
            edition = edition_of(work.ledger, exercice, build, tables)
            return writer.submit(write_report, work.home, work.organisation, edition, tables, folder, exercice, profile)

        yield write


def write_report(
    home: Home,
    organisation: Organisation,
    edition: Edition,
    tables: Path,
    folder: Path,
    exercice: int,
    profile: str,
    formats: Collection[str] = FORMATS,
) -> list[Path]:
    """Write the report that ``tables`` (which holds ``rapport/``) gives, and return its files.

    Raises ProseError, MissingTable and DeclarationError: what is wrong is named with its file and line.
    """
    with read_publication(tables, exercice, profile) as publication:
        model = build(publication, load_catalogue(home), organisation, home.contenu, edition)
    folder.mkdir(parents=True, exist_ok=True)
    written = [_put(folder / "modele.json", json.dumps(model, ensure_ascii=False, sort_keys=True, indent=1))]
    stem = f"rapport_activite_{exercice}"
    if "html" in formats:
        written += _write_pages(model, folder, stem, home.cache)
    if "pdf" in formats:
        written += _write_pdf(model, folder, stem, home.cache)
    return written


def _write_pages(model: Model, folder: Path, stem: str, cache: Path) -> list[Path]:
    from pipelines.stages.report.html import report_page, summary_page

    pages = [_put(folder / f"{stem}.html", report_page(model, cache))]
    for section in model["collectivites"]:
        pages.append(_put(_summary(folder, section, "html"), summary_page(model, section, cache)))
    return pages


def _write_pdf(model: Model, folder: Path, stem: str, cache: Path) -> list[Path]:
    from pipelines.stages.report.pdf import report_pdf, summary_pdf

    files = [_put(folder / f"{stem}.pdf", report_pdf(model, cache))]
    for section in model["collectivites"]:
        files.append(_put(_summary(folder, section, "pdf"), summary_pdf(model, section, cache)))
    return files


def _summary(folder: Path, section: Model, kind: str) -> Path:
    return folder / "collectivites" / f"{slug(section['titre'])}.{kind}"


def _put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
