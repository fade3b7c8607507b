"""Writes the report of an exercice and the pages of its collectivités in a folder.

<folder>/rapport_activite_2020.html, .pdf, .docx, .odt, .xlsx    modele.json    collectivites/<name>.html, .pdf    site/index.html …
"""

import datetime as dt
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.organisation import Organisation
from pipelines.characters import each_text, visible
from pipelines.disk import sha256_of
from pipelines.ledger.frozen import version_of
from pipelines.ledger.store import Ledger
from pipelines.ledger.workspace import Workspace
from pipelines.publication import FOLDERS, INTERNE, PUBLIC
from pipelines.settings import Home
from pipelines.stages.report.html import report_page, site_pages, summary_page
from pipelines.stages.report.model import Edition, Model, build, document_name, entry_of, summary_name
from pipelines.stages.report.office import report_document
from pipelines.stages.report.pdf import report_pdf, summary_pdf
from pipelines.stages.report.tables import BUILD_NAMED, read_publication
from pipelines.stages.report.workbook import workbook

DOCUMENTS = ("docx", "odt")
FORMATS = ("html", "pdf", *DOCUMENTS, "xlsx")
PROJECT = "projet"


def edition_of(ledger: Ledger, tables: Path, profile: str, build: str, version: str | None) -> Edition:
    """``version`` (``ledger.frozen.version_of``), or « projet » without one, with the fingerprint of what is printed.

    The fingerprint of a release is its own; any other is computed from the tables. The public edition shows
    that of the public tables and reveals nothing of the rest: what identifies the build changes with what is hidden.
    The ledger head is the one reached with the release, or with the publication of ``build``; before there is one,
    there is none.
    """
    row = next((row for row in ledger.all_rows("releases") if row["release"] == version), None)
    name, day = version or PROJECT, row["released_at"] if row else ledger.build(build)["built_at"]
    files = sorted((tables / "rapport").glob("*.parquet"))
    if profile == PUBLIC:
        files = [path for path in files if path.stem != BUILD_NAMED]
    printed = fingerprint({path.name: sha256_of(path) for path in files})
    if profile == PUBLIC:
        return Edition(name, printed, None, _day(day))
    if row:
        return Edition(name, row["fingerprint"], ledger.head_at("releases", row["seq"]), _day(day))
    published = [row["seq"] for row in ledger.all_rows("publications") if row["build"] == build]
    head = ledger.head_at("publications", published[-1]) if published else None
    return Edition(name, printed, head, _day(day))


def _day(moment: str) -> dt.date:
    return dt.datetime.fromisoformat(moment).date()


@dataclass
class ReportPages:
    """The pages that complete a publication: the report of one exercice, in both profiles."""

    work: Workspace
    build: str
    exercice: int | None  # the last received
    _internal: Model | None = None

    def draw(self, publication: Path) -> None:
        """Compose the internal edition, which prints the entry, and write the public one, which shows nothing of it."""
        self._internal = self._composed(publication, INTERNE)
        if public := self._composed(publication, PUBLIC):
            self._write(publication, PUBLIC, public)

    def finish(self, publication: Path) -> None:
        """Write the internal edition."""
        if self._internal:
            said = self._internal["edition"]
            version = None if said["est_projet"] else said["nom"]
            edition = edition_of(self.work.ledger, publication / FOLDERS[INTERNE], INTERNE, self.build, version)
            self._write(publication, INTERNE, {**self._internal, "edition": said | entry_of(edition)})

    def _composed(self, publication: Path, profile: str) -> Model | None:
        home, ledger, tables = self.work.home, self.work.ledger, publication / FOLDERS[profile]
        if self.exercice is None or not (tables / "rapport").exists():
            return None
        version = version_of(home, ledger, self.exercice, publication, profile)
        edition = edition_of(ledger, tables, profile, self.build, version)
        return _model(home, self.work.organisation, edition, tables, self.exercice, profile)

    def _write(self, publication: Path, profile: str, model: Model) -> None:
        folder = publication / "report" / str(self.exercice) / profile
        write_formats(model, self.work.home.cache, folder, self.work.catalogue)


def report_pages(work: Workspace, build: str) -> ReportPages:
    """The pages of a publication of ``build``."""
    return ReportPages(work, build, max((year for _, year in work.ledger.current()), default=None))


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
    model = _model(home, organisation, edition, tables, exercice, profile)
    return write_formats(model, home.cache, folder, load_catalogue(home), formats)


def write_formats(
    model: Model, cache: Path, folder: Path, catalogue: Catalogue, formats: Collection[str] = FORMATS
) -> list[Path]:
    """Write a report's content, and the report in these formats; return its files."""
    return [_put(folder / name, content) for name, content in _drawn(model, cache, catalogue, formats)]


def _drawn(
    model: Model, cache: Path, catalogue: Catalogue, formats: Collection[str]
) -> Iterator[tuple[str, str | bytes]]:
    """(name, content) of each file of a report."""
    yield "modele.json", json.dumps(model, ensure_ascii=False, sort_keys=True)  # what they are all written from
    stem = document_name(model)
    if "html" in formats:
        yield f"{stem}.html", report_page(model, cache)
        for name, content in site_pages(model, cache, formats):
            yield f"site/{name}", content
        for section in model["collectivites"]:
            pdf = summary_name(section, "pdf").rpartition("/")[2] if "pdf" in formats else None
            yield summary_name(section, "html"), summary_page(model, section, cache, pdf)
    if "pdf" in formats:
        yield f"{stem}.pdf", report_pdf(model, cache)
        for section in model["collectivites"]:
            yield summary_name(section, "pdf"), summary_pdf(model, section, cache)
    for kind in (kind for kind in DOCUMENTS if kind in formats):
        yield f"{stem}.{kind}", report_document(model, cache, kind, catalogue.modele(f"rapport.{kind}"))
    if "xlsx" in formats:
        yield f"{stem}.xlsx", workbook(model)


def _model(
    home: Home, organisation: Organisation, edition: Edition, tables: Path, exercice: int, profile: str
) -> Model:
    with read_publication(tables, exercice, profile) as publication:
        return each_text(build(publication, load_catalogue(home), organisation, home.contenu, edition), visible)


def _put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
