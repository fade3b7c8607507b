"""Builds the report: a frozen tree of plain data that the page, the PDF, its attachment and the Word document all lay out.

    {titre, intitules, organisation, identite, exercice, profil, edition, chapitres, chiffres, collectivites, legende}
    chapitre = {id, numero, titre, partie, sections}    section = {id, titre, blocs}

Whatever is computed for a reader (numbering, formats, missing codes, alternative texts) is computed here, once, from
the published tables: no output can say anything different, or more.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines import french
from pipelines.catalogue.chapters.alerts import Alerte, Pieces
from pipelines.catalogue.chapters.compile import MODEL as PAGE
from pipelines.catalogue.chapters.grammar import (
    Alarmes,
    Chapitre,
    Contenu,
    Liste,
    Matrice,
    Messages,
    PourChaque,
    Section,
    Synthese,
    Texte,
)
from pipelines.catalogue.chapters.texts import codes_asked
from pipelines.catalogue.dbt.generated import report_fields, report_needs, report_sources
from pipelines.catalogue.fields import unit_of
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.organisation import Organisation
from pipelines.ledger.chain import Head
from pipelines.publication import IMAGES
from pipelines.stages.report.addresses import calculations, number_node
from pipelines.stages.report.blocks import UNDISCLOSED, Builder, far_from_the_median, waiting_lines
from pipelines.stages.report.cells import HIDDEN, MISSING, PARTIAL, PARTIAL_MARK
from pipelines.stages.report.figures import read_figures
from pipelines.stages.report.identity import glossary, identity, portraits, presented
from pipelines.stages.report.images import picture
from pipelines.stages.report.prose import Addressed, Node, ProseError, render
from pipelines.stages.report.receipts import Receipts, read_receipts
from pipelines.stages.report.tables import Publication

Model = dict[str, Any]
MOST_NAMED, SEVERAL_EXPORTS = 4, "Plusieurs exports réunis"  # in the annex
FIGURES = "figures"  # in contenu/<exercice>: what explains a chart
Prose = Callable[[str], Path | None]


@dataclass(frozen=True)
class Edition:
    """The state of the figures that is printed: a release, or the current state (« projet »)."""

    name: str
    fingerprint: str
    head: Head | None  # of the ledger; None in the public edition
    day: dt.date


@dataclass
class Editor:
    """Builds one report."""

    builder: Builder
    organisation: Organisation
    contenu: Path  # contenu/<exercice> of the home
    texte: Prose  # finds a text that is the same every year
    is_own: Callable[[Path], bool]  # true for one of the home's own texts
    alerts: Mapping[str, Alerte] = field(default_factory=dict)
    pages_apart: bool = False  # each section is a page: its figures are numbered from 1
    off: Collection[str] = ()  # the models that the home switched off
    exact: bool = False  # amounts to the cent, as an act says them

    @property
    def names(self) -> dict[str, Any]:
        """The names that a title, a sentence or a text may use."""
        exercice = self.builder.figures.exercice
        return {
            "exercice": exercice,
            "precedent": exercice - 1,
            "sigle": self.organisation.sigle,
            "le_sigle": self.organisation.le_sigle,
            "Le_sigle": french.capitalised(self.organisation.le_sigle),
            "du_sigle": self.organisation.du_sigle,
            "profil": self.builder.publication.profile,
            "population": self.organisation.population,
        }

    @property
    def known(self) -> dict[str, Any]:
        """The names that a text of the year may use in braces, besides figures."""
        return {**self.names, "dit": self._told}

    def chapters(self, chapters: list[Chapitre]) -> list[Model]:
        """The numbered chapters that have content."""
        kept: list[Model] = []
        for chapter in chapters:
            if sections := self.sections(chapter):
                title = self._title(chapter)
                is_whole = title == chapter.titre.format(**self.names)
                kept.append(
                    {
                        "id": chapter.id,
                        "page": chapter.id if is_whole else french.plain(title.replace("’", " ")),  # of the site
                        "numero": len(kept) + 1,
                        "titre": title,
                        "partie": chapter.partie,
                        "pictogramme": chapter.pictogramme,
                        "page_seule": chapter.page_seule and len(sections) >= len(chapter.sections),
                        "sections": sections,
                    }
                )
        return kept

    def _title(self, chapter: Chapitre) -> str:
        """The title of a chapter: of what the organisation follows, when its sections say what each is about (``objet``)."""
        about = {section.objet: self._is_followed(section) for section in chapter.sections if section.objet}
        kept = [one for one, is_followed in about.items() if is_followed]
        if len(kept) == len(about):
            return chapter.titre.format(**self.names)
        if kept:
            return french.capitalised(french.enumeration(kept))
        rest = [one.titre for one in chapter.sections if not one.objet and self._is_followed(one)]
        return (rest or [chapter.titre])[0].format(**self.names)

    def _is_followed(self, section: Section) -> bool:
        """True when the organisation uses a system behind one of its tables, whichever came."""
        exercice = self.builder.figures.exercice
        return any(self.builder.receipts.of(table, exercice, []).is_followed for table in section.tables)

    def _is_for_nobody(self, section: Section) -> bool:
        """True for a section about the members of an organisation that has none, and of which no row is."""
        if not section.membres or self.organisation.collectivites:
            return False
        publication = self.builder.publication
        return not any(publication.rows(table, {}, []) for table in section.tables if table in publication.tables)

    def sections(self, chapter: Chapitre) -> list[Model]:
        """The sections of a chapter that have content; none if only introductory words are left."""
        bears = {section.id: any(map(self._bears, section.blocs)) for section in chapter.sections}
        found = [(section, one) for section in chapter.sections for one in self._sections(section, bears[section.id])]
        if any(bears.values()) and not any(bears[section.id] for section, _ in found):
            return []
        sections = self._said_once([one for _, one in found])
        if waiting := waiting_lines(sum(map(self.builder.publication.waiting, chapter.tables))):
            for one in sections if self.pages_apart else sections[-1:]:
                one["blocs"].append(_sentence(waiting))
        return sections

    def _said_once(self, sections: list[Model]) -> list[Model]:
        """The sections, what the public edition does not show of them being named once, at the end."""
        unsaid: dict[str, list[str]] = {}
        for section in sections:
            for block in section["blocs"]:
                if block["genre"] == UNDISCLOSED:
                    unsaid.setdefault(block["texte"], []).append(block["titre"])
            section["blocs"] = [block for block in section["blocs"] if block["genre"] != UNDISCLOSED]
        kept = [section for section in sections if section["blocs"]] or sections[-1:]
        if unsaid:
            why = " ; ".join(f"{french.enumeration(titles)} ({reason})" for reason, titles in unsaid.items())
            asked = f"S’adresser à l’administration {self.organisation.du_sigle}."
            kept[-1]["blocs"].append({"genre": "vide", "titre": "Non diffusé", "texte": f"{why}. {asked}"})
        return kept

    def _bears(self, bloc: Any) -> bool:
        """False for a text without figures, a signature and decisions: they only go with what they are about."""
        if isinstance(bloc, Liste):
            return bloc.forme != "puces"
        return bool(self._asked(bloc)) if isinstance(bloc, Texte) else bloc.genre != "signature"

    def _asked(self, bloc: Texte) -> list[str]:
        return codes_asked(self._path(bloc.fichier).read_text(encoding="utf-8"))

    def _path(self, name: str) -> Path:
        path = self.texte(name)
        assert path is not None, f"texte/{name} is looked for when the chapters are read"
        return path

    def _sections(self, section: Section, bears: bool) -> list[Model]:
        """A section, or one per value that it is repeated for; none without a block that ``bears`` it."""
        each = section.pour_chaque
        if self._is_for_nobody(section) or (section.si and self.builder.has_no(section.si)):
            return []
        if each is None:
            made = [self._section(section, section.id, {}, self.names)]
        else:
            made = [
                self._section(
                    section,
                    f"{section.id}-{row[each.code]}".replace("_", "-"),
                    {each.code: row[each.code]},
                    {**self.names, **row, "code": row[each.code]},
                )
                for row in self._members(each)
            ]
        return [one for one, has_more in made if has_more or not bears]

    def _members(self, each: PourChaque) -> list[dict[str, Any]]:
        if self.builder.publication.is_withheld(each.table):
            return []
        rows = self.builder.publication.rows(each.table, {}, each.ordre)
        return list({row[each.code]: row for row in reversed(rows)}.values())[::-1]

    def _section(
        self, section: Section, identity: str, only: dict[str, Any], names: dict[str, Any]
    ) -> tuple[Model, bool]:
        """A section, and whether it holds more than introductory words."""
        if self.pages_apart:
            self.builder.counts.clear()
        found = [pair for bloc in section.blocs for pair in self._blocks(bloc, only, names)]
        kept = [(bloc, block) for bloc, block in found if block is not None]
        made = {"id": identity, "titre": section.titre.format(**names), "blocs": [block for _, block in kept]}
        return made, any(self._bears(bloc) for bloc, _ in kept)

    def _blocks(self, bloc: Any, only: dict[str, Any], names: dict[str, Any]) -> Iterator[tuple[Any, Model | None]]:
        """A block, and any alarms in the rows that it prints."""
        block = self._block(bloc, only, names)
        yield bloc, block
        if (
            block
            and block["genre"] == "graphique"
            and (told := far_from_the_median(bloc, block, self.builder.figures.addresses))
        ):
            yield bloc, self._explained(bloc.id, told)
        if block and block["genre"] in ("tableau", "graphique", "matrice", "liste"):
            for name, alert in self.alerts.items():
                if alert.table == bloc.table:
                    kept = {**bloc.filtres, **only}
                    rows = [row for row in self.builder.publication.alarming(alert) if _is_kept(row, kept)]
                    yield from ((bloc, self._alert(name, alert, row)) for row in rows)

    def _explained(self, name: str, told: list[Node]) -> Model:
        """The remarkable values of a chart, and the text of the year that explains them."""
        path = self.contenu / FIGURES / f"{name}.md"
        written = f"contenu/{self.contenu.name}/{FIGURES}/{path.name}"
        text = self._of_year(path, written, self.known) if path.is_file() else []
        return _text([{"genre": "paragraphe", "enfants": told}, *text])

    def _alert(self, name: str, alert: Alerte, row: dict[str, Any]) -> Model:
        note = alert.note(name, row)
        path = self.contenu.parent / note
        text = self._of_year(path, f"contenu/{note.as_posix()}", self.known) if path.is_file() else []
        unsaid = [] if text else [{"genre": "accent", "enfants": [_words("Sans explication fournie.")]}]
        said = {"genre": "fort", "enfants": self._said(alert, [(row, alert.pieces(row))])}
        first = {"genre": "paragraphe", "enfants": [said, *([_words(" "), *unsaid] if unsaid else [])]}
        return _text([{"genre": "citation", "enfants": [first, *text]}])

    def _said(self, alert: Alerte, line: list[tuple[dict[str, Any], Pieces]]) -> list[Node]:
        """A line of alarms as it is printed; each number has the address of its row."""
        of_row = self.builder.figures.addresses.of_row
        return [
            number_node(text, of_row(alert.table, row)) if is_number else _words(text)
            for row, pieces in line
            for text, is_number in pieces
            if text
        ]

    def _alarms(self) -> Model | None:
        """All the alarms of the year, without repetition; None when there are none."""
        publication = self.builder.publication
        said = [
            self._said(alert, line)
            for alert in self.alerts.values()
            if alert.table in publication.tables
            for line in alert.gathered(publication.alarming(alert))
        ]
        items = [{"genre": "element", "enfants": one} for one in said]
        return _text([{"genre": "liste", "enfants": items}]) if items else None

    def _block(self, bloc: Any, only: dict[str, Any], names: dict[str, Any]) -> Model | None:
        match bloc.genre:
            case "tableau" | "graphique":
                return self.builder.data(bloc, only, names)
            case "matrice":
                return self._matrix(bloc, only, names)
            case "liste":
                return self.builder.entries(bloc, only, names)
            case "chiffres":
                return self.builder.key_figures(bloc)
            case "signature" | "organigramme":
                return presented(bloc.genre, self.organisation, self.builder.portraits)
            case "alertes" | "messages":
                return self._alarms() if isinstance(bloc, Alarmes) else self._messages(bloc)
            case "indicateurs":
                return self.builder.indicators(bloc, only, names)
            case "frise":
                return self.builder.dates(bloc, names)
            case "evolutions":
                return self.builder.evolutions(bloc, only, names)
            case _:
                return self._prose(bloc, names)

    def _messages(self, bloc: Messages) -> Model | None:
        """The messages of the year, or the text that replaces them."""
        own = self.contenu / bloc.fichier if bloc.fichier else None
        if own is None or not own.is_file():
            return self.builder.messages(bloc)
        tree = self._of_year(own, f"contenu/{self.contenu.name}/{bloc.fichier}", self.known)
        return {**_text(tree), "est_retenu": True}

    def _matrix(self, bloc: Matrice, only: dict[str, Any], names: dict[str, Any]) -> Model | None:
        made = self.builder.matrix(bloc, only, names)
        if made is None or made["genre"] != "matrice":
            return made
        said = [(line["titre"], self._comment(bloc, {**names, "code": line.pop("code")})) for line in made["lignes"]]
        return {**made, "commentaires": [{"titre": title, "arbre": tree} for title, tree in said if tree]}

    def _comment(self, bloc: Matrice, names: dict[str, Any]) -> list[Node]:
        text = Contenu(genre="contenu", fichier=bloc.commentaires) if bloc.commentaires else None
        made = self._prose(text, names) if text else None
        return made["arbre"] if made else []

    def _prose(self, bloc: Texte | Contenu, names: dict[str, Any]) -> Model | None:
        name = bloc.fichier.format(**names)
        known = {key: names[key] for key in (*self.names, "code") if key in names} | {"dit": self._told}
        figures = self.builder.figures
        if isinstance(bloc, Texte):
            asked = self._asked(bloc)
            if asked and not any(map(figures.is_followed, asked)):
                return self._unfollowed(bloc, asked)
            tree = render(self._path(name), f"texte/{name}", figures, known)
            return _text(tree) if tree else None
        path = self.contenu / name
        if path.is_file():
            return _text(self._of_year(path, f"contenu/{self.contenu.name}/{name}", known))
        return _sentence(bloc.vide.format(**names)) if bloc.vide else None

    def _of_year(self, path: Path, name: str, known: dict[str, Any]) -> list[Node]:
        """A text of the year, which may have pictures of its own."""
        return render(path, name, self.builder.figures, known, self._image)

    def _image(self, file: str, alternative: str) -> Node:
        folder, _, name = file.rpartition("/")
        if folder != IMAGES or not name:
            raise ProseError(
                f"l’image {file} n’est pas dans contenu/{self.contenu.name}/{IMAGES} : y mettre son fichier"
            )
        return picture(self.contenu / IMAGES / name, alternative, f"contenu/{self.contenu.name}/{IMAGES}/{name}")

    def _told(self, table: str, *colonnes: str, **filtres: Any) -> str:
        """The different values of a column in the rows of the year, or of the ``exercice`` that is asked, « a et b », in their order;
        empty when no row has one.

        Several columns are said one after the other: « Anne Le Goff et Paul Martin ».
        """
        if table in self.off or self.builder.publication.is_withheld(table):
            return ""
        self.builder.publication.require(table, [*colonnes])
        since = self.builder.publication.exercice - filtres.get("exercice", self.builder.publication.exercice)
        rows = self.builder.publication.rows(table, filtres, [], exercices=since + 1)
        of_row = self.builder.figures.addresses.of_row
        said: dict[str, str] = {}  # the exact words → the Markdown that prints them
        for row in rows:
            words, linked = [], []
            for name in colonnes:
                value = row[name]
                if value is None:
                    continue
                shown = _as_said(name, value, is_rounded=not self.exact)
                words.append(_as_said(name, value))
                is_number = not isinstance(value, str | bool)
                linked.append(f"[{shown}](#{of_row(table, row)})" if is_number else shown)
            if words:
                said[" ".join(words)] = " ".join(linked)
        return Addressed(french.enumeration([*said]), french.enumeration([*said.values()]))

    def _unfollowed(self, bloc: Texte, asked: list[str]) -> Model | None:
        """Replaces a text none of whose figures are followed: nothing for a shipped text, a sentence for one the home wrote."""
        if not self.is_own(self._path(bloc.fichier)):
            return None
        figures = self.builder.figures
        named = french.enumeration([f"« {one} »" for one in dict.fromkeys(map(figures.label, asked))])
        return _sentence(f"Non suivi pour {figures.exercice}, faute d’un outil qui le donne : {named}.")


def _as_said(column: str, value: Any, *, is_rounded: bool = False) -> str:
    """A value of a row in a sentence: a date in words, an amount in euros, to the cent unless rounded, another number exact."""
    if not isinstance(value, Decimal):
        return french.date(value) if isinstance(value, dt.date) else str(value)
    if unit_of(column) != "EUR":
        return french.exact(value)
    return french.rounded(value, 2, "EUR") if is_rounded else french.quantity(value, 2, "EUR")


def _text(tree: list[Node]) -> Model:
    return {"genre": "texte", "arbre": tree}


def _sentence(text: str) -> Model:
    return _text([{"genre": "paragraphe", "enfants": [_words(text)]}])


def _words(text: str) -> Node:
    return {"genre": "texte", "texte": text}


def _is_kept(row: dict[str, Any], filters: dict[str, Any]) -> bool:
    return all(row.get(name) in (one if isinstance(one, list) else [one]) for name, one in filters.items())


def editor_of(publication: Publication, catalogue: Catalogue, organisation: Organisation, contenu: Path) -> Editor:
    """The builder of the report of one exercice: what the prose may refer to. Raises MissingTable."""
    declared, summary = catalogue.figures, catalogue.summary
    figures = read_figures(
        publication,
        declared.titles,
        {code: one.figure.libelle for code, one in declared.by_code.items()},
        catalogue.project.keys,
    )
    receipts = read_receipts(
        publication,
        _with_the_page(report_sources(catalogue), summary),
        _labels(catalogue),
        _with_the_page(report_fields(catalogue), summary),
        _titles(catalogue),
        report_needs(catalogue),
    )
    members = frozenset(one.nom for one in organisation.collectivites)
    people = portraits(organisation.identite, contenu / IMAGES)
    first = organisation.exercices.premier
    builder = Builder(publication, figures, receipts, first, catalogue.secrecy, members, portraits=people)
    of_year = contenu / str(publication.exercice)
    off = catalogue.project.off.keys()
    return Editor(builder, organisation, of_year, catalogue.prose, catalogue.is_own, catalogue.alerts, off=off)


def build(
    publication: Publication, catalogue: Catalogue, organisation: Organisation, contenu: Path, edition: Edition
) -> Model:
    """The report of one exercice. Raises ProseError and MissingTable, naming file or table."""
    cover, summary = catalogue.cover, catalogue.summary
    editor = editor_of(publication, catalogue, organisation, contenu)
    figures = editor.builder.figures
    apart = replace(editor, builder=replace(editor.builder, counts={}), alerts={}, pages_apart=True)
    chapitres = editor.chapters(catalogue.chapters)
    _lead_somewhere(chapitres)
    collectivites = apart.sections(summary) if summary else []
    about = _about(catalogue, publication, organisation)
    cited = {target.removeprefix("#c-") for target in _every(chapitres, "cible")} | set(_every(chapitres, "chiffre"))
    model = {
        **_head(publication, organisation, contenu, edition),
        "titre": f"{cover.titre} {publication.exercice}",
        "intitules": {
            "rapport": cover.titre,
            "sommaire": cover.sommaire,
            "annexe": cover.annexe,
            "collectivite": summary.sous_titre.format(**editor.names) if summary else "",
            "collectivites": summary.titre if summary else "",
        },
        "chapitres": chapitres,
        "methode": _text(render(catalogue.prose("methode.md"), "texte/methode.md", figures, editor.names)),
        "glossaire": glossary(cover.glossaire, chapitres),
        "provenance": _provenance(chapitres, about, editor.builder.receipts, publication.exercice),
        "chiffres": [{**one, "est_cite": one["code"] in cited} for one in figures.annex()],
        "collectivites": collectivites,
        "legende": [{"code": code, "sens": sens} for code, sens in (MISSING | {PARTIAL_MARK: PARTIAL}).items()],
    }
    for block in charts_of(model):
        block["couleur"] = organisation.identite.couleur
    _check_anchors(model)
    model = _typeset(model)
    return {
        **model,
        "calculs": calculations(figures.addresses, model, about, figures.rows),
    }


def accounts(
    publication: Publication, catalogue: Catalogue, organisation: Organisation, contenu: Path, edition: Edition
) -> Model | None:
    """The accounts of the exercice, a section for each; None when the publication has none."""
    if catalogue.accounts is None or not set(catalogue.accounts.tables) <= publication.tables.keys():
        return None
    editor = replace(editor_of(publication, catalogue, organisation, contenu), alerts={})
    model = {
        **_head(publication, organisation, contenu, edition),
        "titre": catalogue.accounts.titre.format(**editor.names),
        "collectivites": editor.sections(catalogue.accounts),
        "chapitres": [],
        "chiffres": [],
    }
    return _typeset(model) if model["collectivites"] else None


def _head(publication: Publication, organisation: Organisation, contenu: Path, edition: Edition) -> Model:
    """What every document says of itself: whose it is, of which exercice and edition."""
    return {
        "organisation": {"nom": organisation.nom, "sigle": organisation.sigle, "du_sigle": organisation.du_sigle},
        "identite": identity(organisation.identite, contenu / IMAGES),
        "exercice": publication.exercice,
        "profil": publication.profile,
        "demonstration": organisation.demonstration,
        "edition": {
            "nom": edition.name,
            "est_projet": edition.name == "projet",
            "date": edition.day.isoformat(),
            "date_imprimee": french.date(edition.day),
            **entry_of(edition),
        },
    }


def entry_of(edition: Edition) -> Model:
    """The part of a report about its entry in the ledger, and about its sources."""
    head = edition.head
    return {
        "empreinte": edition.fingerprint,
        "registre": head and {"entrees": head.entries, "tete": head.hash},
    }


def _with_the_page(of_tables: Mapping[str, Sequence[Any]], summary: Synthese | None) -> dict[str, Sequence[Any]]:
    """What is said of each table of ``rapport``, and of a member's page, which is made from the tables of its indicators."""
    indicators = summary.indicateurs if summary else []
    names = [name for one in indicators for name in one.relations]
    page = dict.fromkeys(said for name in names for said in of_tables.get(name, ()))
    return {**of_tables, PAGE: tuple(page)}


def _about(catalogue: Catalogue, publication: Publication, organisation: Organisation) -> dict[str, Model]:
    """Table of ``rapport`` → what it holds, and the exports of the organisation that its rows come from.

    Their files are there where they may be named.
    """
    labels, said, found = _labels(catalogue), catalogue.project.said, {}
    for table, sources in _with_the_page(report_sources(catalogue), catalogue.summary).items():
        text = said[table].data.get("description") if table in said else None
        exports = [
            {"nom": labels[source], "fichiers": publication.files.get(source, [])}
            for source in sources
            if source in labels and organisation.subscribes(source.partition("/")[0])
        ]
        found[table] = {"contenu": " ".join(str(text or "").split()), "sources": exports}
    return {table: _typeset(about) for table, about in found.items()}


def _labels(catalogue: Catalogue) -> dict[str, str]:
    """``system/table`` → its name for readers: its title, and the system when the title does not name it."""
    return {
        f"{system.system}/{table.name}": table.title
        if system.title in table.title
        else f"{table.title} ({system.title})"
        for system, table in catalogue.registry.tables()
    }


def _titles(catalogue: Catalogue) -> dict[str, dict[str, str]]:
    """``system/table`` → the title of each of its fields."""
    return {
        f"{system.system}/{table.name}": {field.name: field.title for field in table.kept_fields}
        for system, table in catalogue.registry.tables()
    }


def _provenance(chapitres: list[Model], about: Mapping[str, Model], receipts: Receipts, exercice: int) -> list[Model]:
    """The published tables, in the order of the report, each with where its rows of the year come from and what it is printed as."""
    followed = set(map(french.typeset, receipts.followed(exercice)))
    found: dict[str, list[Model]] = {}
    shown = [b for chapter in chapitres for section in chapter["sections"] for b in section["blocs"] if "source" in b]
    for block in shown:
        found.setdefault(block["source"], []).append({"id": block["id"], "nom": _called(block)})
    provenance = []
    for table, blocks in found.items():
        sources = about.get(table.removeprefix("rapport."), {}).get("sources", ())
        exports = [source["nom"] for source in sources if source["nom"] in followed]
        origin = french.enumeration(exports) if 0 < len(exports) <= MOST_NAMED else SEVERAL_EXPORTS
        provenance.append({"table": table, "origine": origin, "blocs": blocks})
    return provenance


def _called(block: Model) -> str:
    kind = {"tableau": "tableau", "matrice": "tableau", "graphique": "figure"}.get(block["genre"])
    return f"{kind} {block['numero']}" if kind else f"liste « {block['titre']} »"


def _typeset(part: Any) -> Any:
    """A part of the model, with French spaces in every text."""
    if isinstance(part, str):
        return french.typeset(part)
    if isinstance(part, dict):
        return {name: _typeset(value) for name, value in part.items()}
    return [_typeset(value) for value in part] if isinstance(part, list) else part


def _check_anchors(model: Model) -> None:
    """Check titles: a link finds one by its identifier, so no two may share it, and each link must lead to an existing one."""
    titled = {part["id"] for chapter in model["chapitres"] for part in (chapter, *chapter["sections"]) if part["titre"]}
    for target in _every(model["chapitres"], "cible"):
        if not target.startswith(("#c-", "https://")) and target[1:] not in titled:
            raise ProseError(f"un lien mène à « {target} », qu’aucun titre ne porte dans ce rapport")
    names = [part["id"] for chapter in model["chapitres"] for part in (chapter, *chapter["sections"])]
    names += [f"source-{block['id']}" for one in model["provenance"] for block in one["blocs"]]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ProseError(f"deux titres du rapport ont le même identifiant : {', '.join(sorted(twice))}")


def _lead_somewhere(chapters: list[Model]) -> None:
    """Take out of the messages the links to a title that this report does not have."""
    titled = {part["id"] for chapter in chapters for part in (chapter, *chapter["sections"]) if part["titre"]}
    blocks = [block for chapter in chapters for section in chapter["sections"] for block in section["blocs"]]
    for block in (one for one in blocks if one.get("est_retenu")):
        for item in block["arbre"][0]["enfants"]:
            last = item["enfants"][-1]
            if last["genre"] == "lien" and last["cible"].startswith("#") and last["cible"][1:] not in titled:
                if not last["cible"].startswith("#c-"):
                    item["enfants"].pop()


def _every(part: Any, name: str) -> Iterator[str]:
    """What a part of the model has under a key, wherever it is: where its links lead (``cible``), its figures (``chiffre``)."""
    if isinstance(part, dict) and part.get(name):
        yield part[name]
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else []:
        yield from _every(one, name)


def charts_of(model: Model) -> list[Model]:
    """Every chart of a model."""
    sections = [s for chapter in model["chapitres"] for s in chapter["sections"]] + model["collectivites"]
    return [block for section in sections for block in section["blocs"] if block["genre"] == "graphique"]


def disclosed(model: Model) -> list[Model]:
    """The figures that have a line in the annex: there is nothing to say of a hidden one."""
    return [one for one in model["chiffres"] if one["manque"] != HIDDEN]


def document_name(model: Model) -> str:
    """The name of the whole report, without the ending of its format."""
    return f"rapport_activite_{model['exercice']}"


def summary_name(section: Model, kind: str) -> str:
    """The file of the page of one collectivité, beside the report."""
    return f"collectivites/{french.plain(section['titre'])}.{kind}"
