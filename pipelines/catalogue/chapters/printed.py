"""The guards on a finished report (``gardes`` of ``alertes.yml``): their grammar, and the passages that break them.

A report is read from its model, ``modele.json``, cut into passages: the titles, the paragraphs, the key figures, and
the heads and rows of each table or chart. Nothing here knows where a report is, nor reads a table.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import compress, pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, model_validator

from pipelines.catalogue.chapters.grammar import Table
from pipelines.catalogue.source_grammar import Declared
from pipelines.french import NARROW, NO_BREAK

Model = dict[str, Any]
Where = Literal["titres", "phrases", "cartes", "tableaux", "messages"]
OF_FIGURE = "#c-"


def _readable(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"« {pattern} » n’est pas une expression régulière ({error})") from None
    return pattern


Words = Annotated[str, AfterValidator(_readable)]


class Demande(Declared):
    """Rows of the year that must be among those of the same edition: SQL condition over a table of ``rapport``."""

    table: Table
    quand: str


class Cellules(Declared):
    """A row that has a percentage may not have this missing ``code`` in another of its columns of percentages."""

    code: str


class Garde(Declared):
    """A rule on what is printed; ``dit`` says what is wrong if it is broken.

    It is about the passages that match ``mots``, print one of ``chiffres`` and lie in a block of one of ``tables``, as
    far as these are given, ``dans`` these kinds and in this ``edition``. Such a passage, with the titles and notes
    around it, must match ``avec``; from the figure to the next one, it may not match ``sans``, nor, from the former
    figure to this one, ``avant``; it may not be the first to print its figure unless ``apres`` was printed; it needs the
    rows of ``demande``; it may not have ``plus_de_mots``, where a number and its unit are one. A rule with none of these
    refuses the passage itself.
    """

    dit: str
    edition: Literal["interne", "public"] | None = None
    dans: list[Where] = ["phrases", "cartes", "tableaux"]
    mots: Words | None = None
    plus_de_mots: int | None = None
    chiffres: list[str] = []
    tables: list[Table] = []
    avec: Words | None = None
    sans: Words | None = None
    avant: Words | None = None
    apres: str | None = None
    demande: Demande | None = None
    cellules: Cellules | None = None

    @model_validator(mode="after")
    def _is_about_something(self) -> "Garde":
        if not (self.mots or self.plus_de_mots or self.chiffres or self.tables or self.cellules):
            raise ValueError("donner mots, plus_de_mots, chiffres, tables ou cellules : ce dont parle la garde")
        if (self.sans or self.avant or self.apres) and not self.chiffres:
            raise ValueError("sans, avant et apres disent ce qui entoure un chiffre : donner chiffres")
        return self


@dataclass(frozen=True)
class Printed:
    """A figure in a passage, with the words between it and those beside it."""

    code: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Passage:
    """Something printed: ``place`` names it for readers; ``around`` is what a reader sees with it, itself included."""

    place: str
    kind: Where
    text: str
    around: str
    table: str | None = None
    figures: list[Printed] = field(default_factory=list)
    lines: list[Model] = field(default_factory=list)  # of a whole table


def broken(rule: Garde, profile: str, said: Iterable[Passage], *, is_answered: bool = True) -> list[Passage]:
    """The passages of an edition that break a rule; ``is_answered`` says whether the rows that the rule needs exist."""
    if rule.edition not in (None, profile):
        return []
    found: list[Passage] = []
    printed: set[str] = set()
    for passage in said:
        is_about = (
            passage.kind in rule.dans
            and bool(rule.cellules) == bool(passage.lines)
            and (not rule.tables or passage.table in rule.tables)
            and (not rule.chiffres or any(one.code in rule.chiffres for one in passage.figures))
            and (not rule.mots or _holds(rule.mots, passage.text))
        )
        if is_about and _breaks(rule, passage, printed, is_answered=is_answered):
            found.append(passage)
        printed |= {one.code for one in passage.figures}
    return found


def _breaks(rule: Garde, passage: Passage, printed: set[str], *, is_answered: bool) -> bool:
    about = [one for one in passage.figures if one.code in rule.chiffres]
    beside = [(rule.sans, one.after) for one in about] + [(rule.avant, one.before.rstrip()) for one in about]
    asked = [
        rule.avec and not _holds(rule.avec, passage.around),
        (rule.sans or rule.avant) and any(pattern and _holds(pattern, words) for pattern, words in beside),
        rule.apres and _comes_first(rule, passage, printed),
        rule.demande and not is_answered,
        rule.plus_de_mots and len(re.split(r"[ \n]+", passage.text.strip())) > rule.plus_de_mots,
        rule.cellules and _has_cells(rule.cellules, passage.lines),
    ]
    return any(asked) if any(one is not None for one in asked) else True


def _holds(pattern: str, text: str) -> bool:
    """True if the pattern matches, whichever kind of spaces the text has."""
    return bool(re.search(pattern, re.sub(f"[{NO_BREAK}{NARROW}]", " ", text)))


def _comes_first(rule: Garde, passage: Passage, printed: set[str]) -> bool:
    """True when the figure is printed for the first time, and ``apres`` neither was nor comes before it in the passage."""
    codes = [one.code for one in passage.figures]
    here = next(at for at, code in enumerate(codes) if code in rule.chiffres)
    return not printed & {rule.apres, *rule.chiffres} and rule.apres not in codes[:here]


def _has_cells(asked: Cellules, lines: list[Model]) -> bool:
    rows: list[list[Model]] = []
    for line in lines:
        if not line["est_total"]:  # the cells of a matrix are in series
            series = line.get("series", [line])
            rows.append([one for part in series for one in part["cellules"]])
    shares = [any(map(_is_share, column)) for column in zip(*rows, strict=False)]
    of_shares = [list(compress(cells, shares)) for cells in rows]
    return any(any(one["manque"] == asked.code for one in row) and any(map(_is_share, row)) for row in of_shares)


def _is_share(one: Model) -> bool:
    return bool(one["texte"].endswith("%"))


# passages -------------------------------------------------------------------------------------------------------------


def passages(model: Model) -> Iterator[Passage]:
    """What a report prints, in its order: the chapters, the method, then the page of each member."""
    for chapter in model["chapitres"]:
        yield from _titles(chapter["titre"])
        for section in chapter["sections"]:
            yield from _of_section(chapter["titre"], section)
    yield from _of_tree(model["intitules"]["annexe"], "", model["methode"]["arbre"])
    for section in model["collectivites"]:
        yield from _of_section(model["intitules"]["collectivites"], section)


def _titles(title: str) -> Iterator[Passage]:
    if title:
        yield Passage(title, "titres", title, title)


def _of_section(chapter: str, section: Model) -> Iterator[Passage]:
    title = section["titre"]
    place = f"{chapter}, {title}" if title else chapter
    yield from _titles(title)
    for block in section["blocs"]:
        match block["genre"]:
            case "texte":
                yield from _of_tree(place, title, block["arbre"])
                yield from _messages(place, block)
            case "liste":
                yield from _of_list(place, title, block)
            case "chiffres":
                yield from _of_cards(place, title, block)
            case "tableau" | "graphique" | "matrice":
                yield from _of_table(place, block)
                for comment in block.get("commentaires", []):
                    yield from _of_tree(place, comment["titre"], comment["arbre"])


def _of_list(place: str, title: str, block: Model) -> Iterator[Passage]:
    for entry in block["entrees"]:
        for text in (entry["titre"], *(one["texte"] for one in entry["details"])):
            yield Passage(place, "phrases", text, _joined(title, block["titre"], text))


def _of_cards(place: str, title: str, block: Model) -> Iterator[Passage]:
    for one in block["chiffres"]:
        text = f"{one['texte']} {one['libelle']}"
        figures = [Printed(one["chiffre"], after=one["libelle"])] if one["chiffre"] else []
        yield Passage(place, "cartes", text, _joined(title, text, block["note"]), None, figures)


def _messages(place: str, block: Model) -> Iterator[Passage]:
    """The messages of the year, each as a whole."""
    for node in (one for one in block["arbre"] if block.get("est_retenu") and one["genre"] == "numerotee"):
        for item in node["enfants"]:
            text = _words(item)
            yield Passage(place, "messages", text, text)


def _of_table(place: str, block: Model) -> Iterator[Passage]:
    """A passage for its title, each head and each row, and one for the whole of its cells."""
    table, title = block["source"].partition(".")[2], block["titre"]
    place = f"{place}, « {title} »"
    for text in dict.fromkeys([title, *block["entete"], *(line["titre"] for line in block["lignes"])]):
        yield Passage(place, "tableaux", text, _joined(title, text, block["note"]), table)
    yield Passage(place, "tableaux", title, _joined(title, block["note"]), table, [], block["lignes"])


def _of_tree(place: str, title: str, nodes: list[Model]) -> Iterator[Passage]:
    for node in nodes:
        if node["genre"] in ("liste", "numerotee", "citation"):
            yield from _of_tree(place, title, node["enfants"])
        elif node["genre"] != "saut":
            said = list(_pieces(node))
            text = "".join(words for _, words in said)
            yield Passage(place, "phrases", text, _joined(title, text), None, _between(said))


def _words(node: Model) -> str:
    return "".join(words for _, words in _pieces(node))


def _pieces(node: Model) -> Iterator[tuple[str | None, str]]:
    """The words of a node, each with the figure that it prints."""
    target = node.get("cible", "")
    if node["genre"] == "lien" and target.startswith(OF_FIGURE):
        yield target.removeprefix(OF_FIGURE), "".join(map(_words, node["enfants"]))
    elif "texte" in node:
        yield None, node["texte"]
    for one in node.get("enfants", []) if not target.startswith(OF_FIGURE) else []:
        yield from _pieces(one)


def _between(said: list[tuple[str | None, str]]) -> list[Printed]:
    """The figures of a node, with the words on both sides of each."""
    codes, words = [], [""]
    for code, text in said:
        if code:
            codes.append(code)
            words.append("")
        else:
            words[-1] += text
    return [Printed(code, *beside) for code, beside in zip(codes, pairwise(words), strict=True)]


def _joined(*texts: str | None) -> str:
    return " · ".join(filter(None, texts))
