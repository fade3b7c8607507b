"""A home's effective catalogue: the shipped declarations with the home's over them, each kind read when it is needed.

Everything that reads a declaration reads it here: the command line, Dagster, dbt, trace, secrecy, the report and the tests.
"""

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pipelines import settings
from pipelines.catalogue.chapters.alerts import Alerte
from pipelines.catalogue.chapters.grammar import Chapitre, Couverture, Synthese, Texte
from pipelines.catalogue.chapters.printed import Garde
from pipelines.catalogue.comparisons import SECTIONS as COMPARED
from pipelines.catalogue.comparisons import Comparisons, make_comparisons
from pipelines.catalogue.contracts import FOR_READERS, SNAPSHOT, Shape, contracted, snapshot
from pipelines.catalogue.dbt.lines import LineSource, ModelLines, ModelPieces, line_sources
from pipelines.catalogue.dbt.project import COMPOSED, Project, meta_things, parsed_meta, read_project
from pipelines.catalogue.fields import Fields, make_fields
from pipelines.catalogue.figures.load import DeclaredFigures, Figures, make_figures, read_figures
from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.overlay import FOLDERS, Overlay, Thing, entries, put_over, refuse_unknown, whole_file
from pipelines.catalogue.reference import (
    Reference,
    check_among,
    checked,
    file_of,
    make_reference,
    reference_rows,
    reference_things,
)
from pipelines.catalogue.rules import Rules, make_rules
from pipelines.catalogue.secrecy import SECTIONS, Secrecy, make_secrecy
from pipelines.catalogue.source_grammar import Table
from pipelines.catalogue.sources import Registry, make_registry
from pipelines.catalogue.suite_file import SuiteFile
from pipelines.catalogue.yaml_file import DeclarationError, Lines, read_mapping, read_text, shown
from pipelines.disk import files_below
from pipelines.settings import Home

TEXTS = "catalogue/report/texte"
TEMPLATES = "catalogue/report/modeles"
SUMMARY = "synthese"  # not a chapter: one page for each collectivité
ACCOUNTS = "comptes"  # nor this: the accounts that go with the report
COVER = "rapport"  # nor this: the report's own wording
APART = (SUMMARY, ACCOUNTS, COVER)
# What the files of several sections may hold.
KNOWN = {
    "alertes.yml": (("alertes",), ("gardes",)),
    "comparaisons.yml": tuple((name,) for name in COMPARED.values()),
    "rules.yml": (("regles",), ("effets",)),
    "secrecy.yml": SECTIONS,
}
CODE, READ = {".py", ".pyc", ".so"}, {".yml", ".yaml", ".sql", ".csv"}
PLACES = """
    catalogue/alertes.yml catalogue/comparaisons.yml catalogue/fields.yml catalogue/rules.yml catalogue/secrecy.yml
    catalogue/systems/*.yml catalogue/shapes/*.yml catalogue/figures/*.yml catalogue/report/*.yml
    catalogue/reference/*.* catalogue/reference/*/*.csv expectations/**/*.yml dbt_project/contracts.csv
    dbt_project/models/**/*.yml dbt_project/models/**/*.sql dbt_project/macros/**/*.sql dbt_project/tests/**/*.sql
""".split()  # of a home
# what the composer and dbt write in the project of a checkout: nobody declares it
WRITTEN = tuple(f"dbt_project/{name}/" for name in (COMPOSED, "target", "logs"))


AnyChapter = TypeVar("AnyChapter", bound=Chapitre)


def _files(kind: str, pattern: str, key: str | None = None) -> functools.cached_property[Overlay]:
    """The things of which each is a file, named by its ``key``, or by its place."""

    def read(catalogue: "Catalogue") -> Overlay:
        found: list[list[Thing]] = []
        for layer in catalogue.layers:
            named = {path: path.relative_to(layer / pattern.partition("/")[0]) for path in sorted(layer.glob(pattern))}
            found.append([whole_file(kind, path, key, name.with_suffix("").as_posix()) for path, name in named.items()])
        return put_over(found)

    return functools.cached_property(read)


def _entries(kind: str, file: str, *section: str) -> functools.cached_property[Overlay]:
    """The things that a file names in one of its sections, or as a whole."""
    return functools.cached_property(lambda catalogue: catalogue.things_in(kind, file, section))


class Catalogue:
    """What is declared for one home. Each part raises DeclarationError, naming the wrong file and line."""

    def __init__(self, shipped: Path, home: Path | None):
        self.layers = [shipped, *([home] if home else [])]
        self._documents: dict[Path, tuple[dict[str, Any], Lines]] = {}
        if home:
            _refuse_strays(home)

    # the named things, by kind --------------------------------------------

    systems = _files("system", "catalogue/systems/*.yml", key="system")
    shapes = _files("shape", "catalogue/shapes/*.yml", key="shape")  # the tables that several systems deliver
    suites = _files("suite", "expectations/**/*.yml")  # ``shapes/<shape>``, ``systems/<system>/<table>``
    fields_declared = _entries("field", "catalogue/fields.yml")
    alerts_declared = _entries("alert", "catalogue/alertes.yml", "alertes")
    guards_declared = _entries("guard", "catalogue/alertes.yml", "gardes")
    rules_declared = _entries("rule", "catalogue/rules.yml", "regles")
    effects_declared = _entries("effect", "catalogue/rules.yml", "effets")  # of a rule, or of a family of rules

    @functools.cached_property
    def chapters_declared(self) -> Overlay:
        """One file per chapter; ``synthese`` is the page of a collectivité, ``comptes`` the accounts that go with the report,
        ``rapport`` its own wording."""
        return put_over(
            [_chapter(path) for path in sorted(layer.glob("catalogue/report/*.yml"))] for layer in self.layers
        )

    @functools.cached_property
    def figures_declared(self) -> DeclaredFigures:
        """The domains, words, families and figures."""
        return read_figures(self.layers)

    @functools.cached_property
    def secrecy_declared(self) -> dict[tuple[Any, ...], Overlay]:
        """The entries of secrecy, section by section; that of a table may be in its model's own entry (``meta.secret``)."""
        found = {section: self.things_in("secrecy", "catalogue/secrecy.yml", section) for section in SECTIONS}
        tables = found["tables",]
        own = {thing.name: thing for thing in meta_things(self.project.said, "secret", "secrecy")}
        for name in own.keys() & tables.on.keys():
            raise DeclarationError(f"{own[name].place} secret: {tables[name].place} dit déjà de qui parle « {name} »")
        return found | {("tables",): replace(tables, on=tables.on | own)}

    @functools.cached_property
    def comparisons_declared(self) -> dict[str, Overlay]:
        """What is compared between organisations: denominators, size classes, ratios."""
        return {kind: self.things_in(kind, "catalogue/comparaisons.yml", (name,)) for kind, name in COMPARED.items()}

    @functools.cached_property
    def prose_declared(self) -> Overlay:
        """The texts of the report that are the same every year, by their place in ``texte/``; an empty one is off."""
        found: list[list[Thing]] = [[] for _ in self.layers]
        for layer, things in zip(self.layers, found, strict=True):
            for path in sorted(layer.glob(f"{TEXTS}/**/*.md")):
                name, text = path.relative_to(layer / TEXTS).as_posix(), read_text(path)
                things.append(Thing("prose", name, text, path, {}, enabled=bool(text.strip())))
        return put_over(found)

    @functools.cached_property
    def templates_declared(self) -> Overlay:
        """The documents that give the report and the acts their look in a word processor; an empty one is off."""
        found: list[list[Thing]] = [[] for _ in self.layers]
        for layer, things in zip(self.layers, found, strict=True):
            for path in sorted(one for one in layer.glob(f"{TEMPLATES}/*") if one.suffix in (".docx", ".odt")):
                content = path.read_bytes().decode("latin-1")  # one character for each byte
                things.append(Thing("template", path.name, content, path, {}, enabled=bool(content)))
        return put_over(found)

    @functools.cached_property
    def reference(self) -> Overlay:
        """The reference tables: official lists, each a CSV and what declares its columns."""
        return put_over(list(reference_things(layer)) for layer in self.layers)

    @functools.cached_property
    def reference_rows(self) -> Overlay:
        """Further rows of the reference tables, ``<table>/<name>``."""
        return put_over(list(reference_rows(layer)) for layer in self.layers)

    @functools.cached_property
    def project(self) -> Project:
        """The hand-written models of dbt, and what is said of them."""
        return read_project(self.layers)

    def things_in(self, kind: str, file: str, section: tuple[str, ...]) -> Overlay:
        """The things that a section of a file names, each file being read once."""
        paths = [path for layer in self.layers if (path := layer / file).exists()]
        for path in paths:
            if path not in self._documents:
                self._documents[path] = read_mapping(path)
                if path.name in KNOWN:
                    refuse_unknown(path, *self._documents[path], KNOWN[path.name])
        return put_over(entries(kind, path, *self._documents[path], section, None) for path in paths)

    # what they say --------------------------------------------

    @functools.cached_property
    def fields(self) -> Fields:
        """What each column means, by table and name."""
        return make_fields(self.fields_declared)

    @functools.cached_property
    def registry(self) -> Registry:
        """The source systems, their shapes resolved."""
        return make_registry(self.systems, self.shapes, self.fields)

    @functools.cached_property
    def figures(self) -> Figures:
        """The figures, checked against one another and against the systems."""
        made = make_figures(self.figures_declared, self.registry, self.systems, self.shapes)
        # the words of the rules that complete the lines of a fact
        words = {fact: [rule for one in sources for rule in one.completed] for fact, sources in self.lines.items()}
        return replace(made, completed={fact: rules for fact, rules in words.items() if rules})

    @functools.cached_property
    def lines_declared(self) -> dict[str, ModelLines]:
        """What each line-grain model says of its lines."""
        return parsed_meta(self.project.said, "lignes", ModelLines)

    @functools.cached_property
    def lines(self) -> dict[str, list[LineSource]]:
        """Fact → the models whose lines make it."""
        return line_sources(self.lines_declared)

    @functools.cached_property
    def pieces_declared(self) -> dict[str, ModelPieces]:
        """What models say of the pieces that they distinguish."""
        return parsed_meta(self.project.said, "pieces", ModelPieces)

    @functools.cached_property
    def chapters(self) -> list[Chapitre]:
        """The chapters of the report, in the order of their files' names."""
        chapters = (thing for thing in self.chapters_declared if thing.name not in APART)
        found, places = [], dict[str, str]()
        for thing in sorted(chapters, key=lambda thing: thing.path.name):
            found.append(self._chapter(thing.name, Chapitre))
            for at, part in found[-1].parts():
                if name := getattr(part, "id", None):  # by which a title is found
                    if name in places:
                        raise DeclarationError(f"{thing.at(*at)} id: « {name} » est déjà dans {places[name]}")
                    places[name] = thing.at(*at)
        return found

    @functools.cached_property
    def summary(self) -> Synthese | None:
        """The page of a collectivité."""
        return self._chapter(SUMMARY, Synthese) if SUMMARY in self.chapters_declared else None

    @functools.cached_property
    def accounts(self) -> Chapitre | None:
        """The accounts that go to each member with the report."""
        return self._chapter(ACCOUNTS, Chapitre) if ACCOUNTS in self.chapters_declared else None

    def _chapter(self, name: str, grammar: type[AnyChapter]) -> AnyChapter:
        thing, texts = self.chapters_declared[name], self.prose_declared
        chapter = thing.parsed(grammar)
        for at, part in chapter.parts():
            if isinstance(part, Texte) and part.fichier not in texts:
                off = texts.off.get(part.fichier)
                why = f"est désactivé dans {off.place}" if off else "n’existe pas"
                raise DeclarationError(f"{thing.at(*at)} fichier: texte/{part.fichier} {why}")
        return chapter

    @property
    def printed(self) -> dict[str, Chapitre]:
        """The chapters, the page of a collectivité and the accounts, by name: all that prints tables of ``rapport``."""
        apart = {SUMMARY: self.summary, ACCOUNTS: self.accounts}
        return {one.id: one for one in self.chapters} | {name: one for name, one in apart.items() if one}

    @functools.cached_property
    def cover(self) -> Couverture:
        """The report's own wording. Raises DeclarationError when nothing gives it."""
        if COVER not in self.chapters_declared:
            off = self.chapters_declared.off.get(COVER)
            raise DeclarationError(
                f"{off.place if off else 'catalogue/report/rapport.yml:1'} le rapport n’a pas de titre"
            )
        return self.chapters_declared[COVER].parsed(Couverture)

    @functools.cached_property
    def alerts(self) -> dict[str, Alerte]:
        """What raises an alarm in the published rows, by name."""
        return {thing.name: thing.parsed(Alerte) for thing in self.alerts_declared}

    @functools.cached_property
    def guards(self) -> dict[str, Garde]:
        """What a finished report may not print, by name."""
        return {thing.name: thing.parsed(Garde) for thing in self.guards_declared}

    @functools.cached_property
    def rules(self) -> Rules:
        """The rules, by code."""
        return make_rules(self.rules_declared, self.effects_declared)

    @functools.cached_property
    def secrecy(self) -> Secrecy:
        """What each table of ``rapport`` reveals about persons."""
        counted = {code: one.figure.compte for code, one in self.figures.by_code.items() if one.figure.compte}
        return make_secrecy(self.secrecy_declared, self.project.place_of, counted)

    @functools.cached_property
    def comparisons(self) -> Comparisons:
        """What is compared between organisations."""
        return make_comparisons(self.comparisons_declared, self.figures.by_code)

    @functools.cached_property
    def references(self) -> dict[Path, Reference]:
        """The reference tables, each by its CSV; a table appears again for each CSV of further rows."""
        tables = {thing.name: (file_of(thing), make_reference(thing, self.fields)) for thing in self.reference}
        found = dict(tables.values())
        for thing in self.reference_rows:
            table = thing.name.partition("/")[0]
            if table not in tables:
                raise DeclarationError(
                    f"{thing.place} ajoute des lignes à « {table} », qui n’est pas une table de référence"
                )
            found[thing.path] = checked(tables[table][1].model_copy(update={"rows": thing.data}), thing.path)
        check_among(found)
        return found

    @functools.cached_property
    def suite_files(self) -> dict[str, SuiteFile]:
        """The suites, by name."""
        return {thing.name: SuiteFile(thing) for thing in self.suites}

    def suites_of(self, system: str, table: Table) -> list[SuiteFile]:
        """The suites of a table: its shape's, then its own, whose keys replace those of the shape."""
        return [self.suite_files[name] for name in suites_named(system, table)[::-1] if name in self.suite_files]

    @functools.cached_property
    def contracted(self) -> Shape:
        """The published tables that dbt makes, as their contracts say."""
        project, found = self.project, {}
        for thing in project.said:
            layer = (
                project.schema_of(thing.name)
                if thing.name in project.models
                else project.folder_of[thing.path].parts[1]
            )
            if layer in FOR_READERS:
                found[f"{layer}.{thing.name}"] = contracted(thing, project.keys, self.fields)
        return found

    @functools.cached_property
    def promised(self) -> Shape:
        """What readers were promised; a model that is switched off promises nothing."""
        found = {table: columns for layer in self.layers for table, columns in snapshot(layer / SNAPSHOT).items()}
        return {table: columns for table, columns in found.items() if table.partition(".")[2] not in self.project.off}

    def prose(self, name: str) -> Path | None:
        """A text of the report that is the same every year; a home's replaces the shipped one."""
        return self.prose_declared[name].path if name in self.prose_declared else None

    def modele(self, name: str) -> Path:
        """The template of a document; a home's replaces the shipped one."""
        return self.templates_declared[name].path

    def is_own(self, path: Path) -> bool:
        """True for a file of the home's."""
        return any(path.is_relative_to(home) for home in self.layers[1:])

    @functools.cached_property
    def source_tables(self) -> set[str]:
        """``<source>.<table>`` of every table that dbt finds in the warehouse before it begins."""
        lake = {f"lake.{system.system}__{table.name}" for system, table in self.registry.tables()}
        reference = {f"reference.{name}" for name in self.reference.on}
        return lake | reference | self.project.sources.on.keys()

    # all of it --------------------------------------------

    @property
    def overlays(self) -> dict[str, Overlay]:
        """Every kind of named things, as the command `catalogue diff` lists them."""
        secrecy = {f"secrecy {'.'.join(section)}": overlay for section, overlay in self.secrecy_declared.items()}
        return {
            "system": self.systems,
            "shape": self.shapes,
            "field": self.fields_declared,
            "suite": self.suites,
            "domain": self.figures_declared.domains,
            "word": self.figures_declared.words,
            "family": self.figures_declared.families,
            "figure": self.figures_declared.figures,
            "chapter": self.chapters_declared,
            "alert": self.alerts_declared,
            "guard": self.guards_declared,
            **secrecy,
            **self.comparisons_declared,
            "prose": self.prose_declared,
            "template": self.templates_declared,
            "rule": self.rules_declared,
            "effect": self.effects_declared,
            "reference table": self.reference,
            "reference rows": self.reference_rows,
            "model": self.project.models,
            "model entry": self.project.said,
            "dbt test": self.project.tests,
            "macro file": self.project.macros,
            "dbt source": self.project.sources,
            "dbt other": self.project.others,
        }

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything in effect: builds, releases and the composed dbt project are named after it.

        The place of a thing is part of it: a model's folder is its layer, the names of chapters are their order.
        """
        things = {
            kind: [(self._within(thing.path), thing.identity) for thing in overlay]
            for kind, overlay in self.overlays.items()
        }
        domains = {self._within(path): domain for path, domain in self.figures_declared.domain_of.items()}
        return fingerprint([things, domains, [self.project.project_file]])

    def _within(self, path: Path) -> str:
        """A path inside its layer."""
        return next(path.relative_to(layer).as_posix() for layer in self.layers if path.is_relative_to(layer))


def _chapter(path: Path) -> Thing:
    named = path.stem if path.stem in APART else ""
    thing = whole_file("chapter", path, None if named else "id", name=named)
    if not named and thing.name in APART:
        raise DeclarationError(f"{thing.at('id')} id: « {thing.name} » n’est pas un chapitre : c’est {thing.name}.yml")
    return thing


def _refuse_strays(home: Path) -> None:
    """A home declares where declarations are read, and runs no code of its own: nothing in it is silently ignored."""
    places = {path for place in PLACES for path in home.glob(place)}
    places -= {*(home / "dbt_project" / COMPOSED).rglob("*")}
    for path in sorted(path for folder in FOLDERS for path in (home / folder).rglob("*") if path.is_file()):
        if path.suffix in CODE:
            raise DeclarationError(
                f"{shown(path)}: un dossier ne contient pas de code ; demander aux auteurs du programme ce qu’une déclaration "
                "ne peut pas exprimer"
            )
        if path.suffix in READ and path not in places:
            raise DeclarationError(f"{shown(path)}: rien ne se déclare à cet endroit (docs/catalogue.md dit où)")


def suites_named(system: str, table: Table) -> list[str]:
    """The names that a table's suites may have, the winning one first: its own, then its shapes'."""
    return [f"systems/{system}/{table.name}", *(f"shapes/{shape}" for shape in reversed(table.shapes))]


def load_catalogue(home: Home | None = None) -> Catalogue:
    """The effective catalogue of a home; without one, that of the shipped declarations alone."""
    return catalogue_of(settings.shipped(), home.root if home else None)


def catalogue_of(shipped: Path, home: Path | None) -> Catalogue:
    """What two layers declare, cached until a file of either changes; homes that declare nothing share one."""
    if home and (home / "contracts").is_dir():  # until version 1.0.0
        raise DeclarationError(
            f"{shown(home / 'contracts')}: les promesses sont maintenant dans {SNAPSHOT} : supprimer ce dossier, puis exécuter "
            "`millesime contracts record`"
        )
    own = _stamp(home) if home else ()
    return _kept(shipped, home if own else None, _stamp(shipped, WRITTEN), own)


@functools.lru_cache(maxsize=8)
def _kept(shipped: Path, home: Path | None, *_stamps: object) -> Catalogue:
    return Catalogue(shipped, home)


def _stamp(root: Path, without: tuple[str, ...] = ()) -> tuple[Any, ...]:
    """A value that changes whenever a declaration of the layer changes."""
    aside = tuple(f"{root}/{folder}" for folder in without)
    files = (file for folder in FOLDERS for file in files_below(root / folder) if not file.path.startswith(aside))
    return tuple(sorted((file.path, (stat := file.stat()).st_mtime_ns, stat.st_size) for file in files))
