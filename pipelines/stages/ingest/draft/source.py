"""Drafts the declaration of a new source, or of one more export of a declared one, and reads the sample with it."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import duckdb

from pipelines.catalogue.draft.yaml_text import quoted, scalar, todo, with_item
from pipelines.catalogue.overlay import whole_file
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.source_grammar import ACCOUNTS, Export, System
from pipelines.catalogue.sources import ExportRef, Registry, make_system
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.ledger.records import TableCounts
from pipelines.settings import Home
from pipelines.sql import parquet_scan
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.ingest.draft.layout import Layout, exercice_of, gathered, years_in
from pipelines.stages.ingest.draft.lines import file_pattern, title_pattern
from pipelines.stages.ingest.draft.own_table import own_table
from pipelines.stages.ingest.draft.sample import Sample
from pipelines.stages.ingest.draft.shape_table import Need, shape_table
from pipelines.stages.ingest.draft.words import free, slug
from pipelines.stages.ingest.landing import files_of

DRAFTED = "# Brouillon tiré d’un exemple par `millesime source new` : trancher chaque TODO, puis l’effacer."
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
SUM = "n’est-ce que la somme des parties ci-dessus ? Alors l’ôter, et l’ajouter à unread : rien ne les compare"


@dataclass(frozen=True)
class Request:
    """What the author says about the source; None means that it is to be guessed."""

    system: str
    shape: str | None = None
    export: str | None = None
    table: str | None = None
    title: str | None = None
    owner: str | None = None
    exercice: int | None = None


@dataclass(frozen=True)
class Draft:
    """The text of the declaration, and what it loads as."""

    system: System
    export: Export  # the one that was drafted
    exercice: int
    declaration: str
    organisation_lines: str

    def read(self, sample: Path) -> dict[str, TableCounts]:
        """The lines of the sample that the draft accepts, refuses and ignores, by table. Raises DeliveryRefused."""
        with tempfile.TemporaryDirectory(prefix="millesime-sample-") as folder:
            ref = ExportRef(self.system, self.export)
            return ingest(Home(Path(folder)), ref, self.exercice, [sample], b"essai").tables


def draft_source(
    samples: Sequence[Sample],
    request: Request,
    registry: Registry,
    known: str = "",
    indicators: Sequence[str] = (),
    needs: Sequence[Need] = (),
    places: Sequence[str] = (),
) -> Draft:
    """Draft the declaration; ``samples`` are the sheets, or members, of one file.

    ``known`` is the declaration of an existing system: it gains an export, and nothing else in it changes.
    ``indicators`` are what may be printed for an application; ``needs``, what is required of the fields of its shape;
    ``places``, names of towns and bodies, which are not persons. Raises DeclarationError when the sample or the names
    cannot make a declaration.
    """
    for name in filter(None, (request.system, request.export, request.table)):
        if not NAME.fullmatch(name):
            raise DeclarationError(
                f"« {name} » n’est pas un nom : des minuscules sans accent, des chiffres et _, une lettre d’abord"
            )
    declared = registry.systems[request.system] if known else None
    title = request.title or (declared.title if declared else request.system.replace("_", " ").capitalize())
    shape = registry.shapes[request.shape] if request.shape else None
    found, unread = gathered(samples)
    exercice = request.exercice or exercice_of(*found[0])
    if others := _of_other_years(samples, exercice):
        found, unread = gathered([one for one in samples if one not in others])
        unread += [(one, "son nom est celui d’un autre exercice") for one in others]
    if shape:
        unread += [(part, "pas une table de cette forme ?") for sample, _ in found[1:] for part in sample.parts]
        found = found[:1]
    names = _table_names(found, request)
    name = request.export or names[0]
    if declared:
        _refuse_taken(declared, name, names)
    proof = title_pattern([titles for _, layout in found for titles in layout.titles], exercice)
    bodies = [
        shape_table(layout, sample, exercice, proof, shape, registry, needs)
        if shape
        else own_table(layout, sample, exercice, proof, {slug(place) for place in places})
        for sample, layout in found
    ]
    whole = f"{shape.title.split(' ')[0]} {_of(title)}" if shape else title
    export = [f"- name: {name}", *_format_lines(found[0][0], whole, proof), *_unread_lines(found, unread), "  tables:"]
    for table, body, (sample, _) in zip(names, bodies, found, strict=True):
        told = whole + (f" : {sample.place}" if len(found) > 1 and not sample.alike else "")
        asked = todo(SUM if found[0][0].alike and sample is not found[0][0] else "")
        export += [f"    - name: {table}", f"      title: {scalar(told)}{asked}", *(f"      {line}" for line in body)]
    if known:
        declaration, organisation_lines = with_item(known, ["exports"], "\n".join(export)), ""
    else:
        lines = [
            DRAFTED,
            f"system: {request.system}",
            f"title: {scalar(title)}" + todo("" if request.title else "le nom du système, comme le rapport l’imprime"),
            f"owner: {scalar(request.owner or 'à préciser')}" + todo("" if request.owner else "qui envoie l’export"),
            'due: "03-31"' + todo("le mois et le jour où il est attendu au plus tard, l’année qui suit l’exercice"),
            "exports:",
            *(f"  {line}" for line in export),
        ]
        declaration = "\n".join(lines) + "\n"
        organisation_lines = f"       systemes: [..., {request.system}]"
        if shape and shape.shape == ACCOUNTS:
            organisation_lines = (
                "       applications:\n"
                f"         - code: {request.system}\n"
                f"           libelle: {scalar(title)}\n"
                "           domaine: …\n"
                f"           indicateurs: [{', '.join(indicators)}]"
            )
    system = load(declaration, request.system, registry)
    return Draft(system, next(e for e in system.exports if e.name == name), exercice, declaration, organisation_lines)


def words_received(home: Home, registry: Registry, source: str, column: str, years: Sequence[int]) -> list[str]:
    """The words of a column of ``source`` (``system/table``) in the latest files of landing that can be read; none of a
    column about persons."""
    system, _, name = source.partition("/")
    found = [(ref, one) for ref in registry.exports() for one in ref.export.tables if ref.system.system == system]
    ref, table = next((ref, one) for ref, one in found if one.name == name)
    if column not in [field.name for field in table.kept_fields if not field.personal]:
        return []
    for year in reversed(years):
        if files := files_of(home.landing, ref, year):
            with tempfile.TemporaryDirectory(prefix="millesime-sample-") as folder:
                aside = Home(Path(folder))
                try:
                    counts = ingest(aside, ref, year, files, b"essai").tables[name]
                except DeliveryRefused:
                    continue
                lines = parquet_scan(aside.lake / counts.parquet)
                words = f"select distinct cast({column} as varchar) from {lines} where {column} is not null"
                return [word for (word,) in duckdb.execute(words).fetchall()]
    return []


def _of_other_years(samples: Sequence[Sample], exercice: int) -> list[Sample]:
    """The sheets whose name has years other than the exercice, when another sheet has it."""
    years = {one.sheet: years_in(one.sheet) for one in samples if one.sheet}
    if not any(exercice in of_sheet for of_sheet in years.values()):
        return []
    return [one for one in samples if one.sheet and years[one.sheet] and exercice not in years[one.sheet]]


def _table_names(found: Sequence[tuple[Sample, Layout]], request: Request) -> list[str]:
    """A name for each table: the largest is named as the author says, or after the shape or the file, as are sheets read together."""
    names: list[str] = []
    for sample, _ in found:
        text = sample.place if len(found) > 1 and not sample.alike else sample.name
        stem = slug(re.sub(r"\d+", "", PurePosixPath(text).stem if text != sample.sheet else text))
        stem = stem if NAME.fullmatch(stem) and scalar(stem) == stem else "donnees"
        name = ((request.table or request.shape) if not names else None) or stem
        names.append(free(name, names))
    return names


def _refuse_taken(system: System, export: str, tables: Sequence[str]) -> None:
    """Raise DeclarationError when the system already has an export or a table of that name."""
    exports, known = [one.name for one in system.exports], [t.name for one in system.exports for t in one.tables]
    for option, name, taken in (("--export", export, exports), *(("--table", name, known) for name in tables)):
        if name in taken:
            raise DeclarationError(
                f"{system.system} a déjà {', '.join(taken)} : donner à « {name} » un autre nom avec {option}"
            )


def _format_lines(sample: Sample, told: str, proof: str | None) -> list[str]:
    """What an export, of which ``told`` is the title, says of its files."""
    options = [f"type: {sample.type}"]
    if sample.type == "csv":
        options += [f"encoding: {sample.encoding}", f"delimiter: {quoted(sample.delimiter)}"]
        options += [] if sample.header_rows else ["header: false"]
    if proof:
        options.append(f"title: {scalar(proof)}")
    return [
        f"  title: {scalar(told)}",
        f"  files: {scalar(file_pattern([sample.name]))}" + todo("convient-il aux fichiers de chaque exercice ?"),
        *(["  archive: zip"] if sample.member else []),
        f"  format: {{{', '.join(options)}}}" + todo(" ; ".join(sample.doubts)),
    ]


def _of(name: str) -> str:
    """``de`` with a name, as French elides it: ``de Kolok``, ``d’Orphée``."""
    return f"d’{name}" if slug(name)[:1] in set("aeiou") else f"de {name}"


def _unread_lines(found: Sequence[tuple[Sample, Layout]], unread: Sequence[tuple[Sample, str]]) -> list[str]:
    """The parts that no table reads: a sheet, or the whole member if none of it is read."""
    read = {part.member for sample, _ in found for part in sample.parts}
    reasons = {one.place if one.member in read else one.member or one.place: why for one, why in unread}
    if not reasons:
        return []
    asked = todo("ce dont personne n’a besoin dans le fichier ; une table qui sert est à déclarer")
    return [f"  unread:{asked}", *(f"    - {scalar(place)}{todo(why)}" for place, why in reasons.items())]


def load(declaration: str, system: str, registry: Registry) -> System:
    """What a draft declares. Raises DeclarationError, without a file's path: the draft is not in a file yet."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{system}.yml"
        path.write_text(declaration, encoding="utf-8")
        try:
            return make_system(whole_file("system", path, key="system"), registry.shapes, registry.fields)
        except DeclarationError as error:
            message = str(error).replace(f"{folder}/", "le brouillon, non écrit : ")
        raise DeclarationError(message)
