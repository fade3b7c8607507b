"""Turns Markdown with figures by reference into a tree that the page and the PDF lay out alike.

``{{ f("rh.effectif.total") }}`` is the printed figure, linked to where it comes from, and marked as partial when it is;
``{{ f("…", unite="tonnes") }}`` adds words before that mark, which agree with it; ``{{ f("…", "un nombre inconnu") }}``
gives those to print when it is missing or hidden; ``{{ f("…", exercice=2019) }}`` is the figure of another year. ``{% if
connu("…") %}`` keeps a paragraph for what is known; ``egaux("…", "…")`` and
``nul("…")`` detect figures that are printed alike, and a zero for which everything came; ``suivi("…")`` detects a
figure whose systems the organisation uses, known or not, and ``secret("…")`` a hidden one: of any other missing figure,
nobody may say that it is not given away. Nothing else is available: no attribute, no import, no name other than
``exercice``, ``precedent``, ``sigle``, ``le_sigle``, ``Le_sigle``, ``du_sigle`` and ``profil``.

A tree is a list of nodes ``{"genre": "paragraphe" | "liste" | "numerotee" | "element" | "titre" | "citation" | "fort" |
"accent" | "lien" | "nombre" | "texte" | "saut" | "grille" | "image", "enfants": […], "texte": …, "cible": …, "adresse": …}``.
A number that is printed is a link to its figure or, when it is no figure of the year, a ``nombre`` with its address
(``addresses``). A ``grille`` is a table: ``tete`` and ``corps`` hold ``rangee``, which hold ``intitule`` or ``case``.
"""

import re
import traceback
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError
from markdown_it import MarkdownIt

from pipelines.catalogue.chapters.texts import WRITTEN, environment
from pipelines.did_you_mean import suggestion
from pipelines.french import NO_BREAK, agreed
from pipelines.stages.report.cells import HIDDEN, MARK, is_certain
from pipelines.stages.report.figures import Figures
from pipelines.stages.report.tables import SECRET, MissingTable

Node = dict[str, Any]
KINDS = {
    "paragraph": "paragraphe",
    "bullet_list": "liste",
    "ordered_list": "numerotee",
    "list_item": "element",
    "heading": "titre",
    "blockquote": "citation",
    "strong": "fort",
    "em": "accent",
    "link": "lien",
    "table": "grille",
    "thead": "tete",
    "tbody": "corps",
    "tr": "rangee",
    "th": "intitule",
    "td": "case",
}
Pictures = Callable[[str, str], Node]  # (file, alternative text) → the picture of a text
ADDRESSED = re.compile(r"#a\d+")  # a number that is no figure of the year


class ProseError(ValueError):
    """Prose that cannot be printed; the message names file and line."""


class Addressed(str):
    """Words that a text may compare, whose numbers are linked where the text prints them."""

    __slots__ = ("linked",)

    def __new__(cls, words: str, linked: str) -> "Addressed":
        """The words, and the Markdown that prints them."""
        made = super().__new__(cls, words)
        made.linked = linked
        return made

    def __str__(self) -> str:
        """The Markdown, which Jinja prints."""
        return self.linked


def render(
    path: Path,
    name: str,
    figures: Figures,
    names: dict[str, Any],
    pictures: Pictures | None = None,
    *,
    exact: bool = False,
) -> list[Node]:
    """The tree of one Markdown file, of which ``name`` is what errors call it; see ``fill``. Raises ProseError."""
    tokens = _typographer().parse(fill(path.read_text(encoding="utf-8"), name, figures, names, exact=exact))
    return _tree(iter(tokens), name, pictures or _no_picture)


def _no_picture(file: str, _: str) -> Node:
    raise ProseError(f"une image ({file}) n’a sa place que dans un texte de l’année, contenu/<exercice>")


def markdown() -> MarkdownIt:
    """The parser for a text of the report: no HTML, no code."""
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(["code", "fence"])


def _typographer() -> MarkdownIt:
    """The same parser, which prints straight quotes and apostrophes as French does."""
    reader = markdown().enable("smartquotes")
    reader.options.update(typographer=True, quotes=[f"«{NO_BREAK}", f"{NO_BREAK}»", "“", "”"])
    return reader


def fill(text: str, name: str, figures: Figures, names: dict[str, Any], *, exact: bool = False) -> str:
    """The Markdown with its figures in place, rounded for a reader unless ``exact``. Raises ProseError."""
    f = _figure(figures, exact=exact)
    known = {**names, "f": f, "connu": _is_known(figures), **_comparisons(figures), **_agreeing(figures, f)}
    try:
        code = environment().compile(text, name, filename=name)
        return environment().template_class.from_code(environment(), code, known).render()
    except TemplateSyntaxError as error:
        raise ProseError(f"{name}:{error.lineno} {WRITTEN}") from None
    except (TemplateError, ProseError, TypeError, ValueError) as error:
        line = next((f.lineno for f in reversed(traceback.extract_tb(error.__traceback__)) if f.filename == name), 1)
        raise ProseError(f"{name}:{line} {_reason(error, known)}") from None


def _reason(error: Exception, known: Collection[str]) -> str:
    """The error inside braces, in French, since jinja's own message would mean nothing to the author."""
    if isinstance(error, ProseError | MissingTable):
        return str(error)
    if found := re.match(r"'(\w+)' is undefined", str(error)):
        return f"le nom « {found[1]} » n’existe pas{suggestion(found[1], known)}"
    if found := re.search(r"attribute '(\w+)'", str(error)):
        return f"« {found[1]} » n’est pas permis ici"
    return WRITTEN


def _figure(figures: Figures, *, exact: bool):
    def f(
        code: str,
        sinon: str | None = None,
        exercice: int | None = None,
        *,
        sans_signe: bool = False,
        unite: str | None = None,
    ) -> str:
        try:
            printed = figures.printed(code, exercice, unsigned=sans_signe, exact=exact)
        except KeyError:
            printed = _unknown(figures, code, exercice, sinon)
        if printed is None and sinon is None:
            row = figures.get(code, exercice)
            raise ProseError(
                f"le chiffre « {code} » de {row['exercice']} manque ({row['code_manquant']}) : dire ce qui le remplace, "
                f'f("{code}", "…"), ou corriger ses sources'
            )
        if printed is None:
            return escaped(sinon)
        row = figures.get(code, exercice)
        partial = "" if row["etat"] != "partiel" else MARK if is_certain(row) else f"{NO_BREAK}(partiel)"
        words = f"{NO_BREAK}{escaped(agreed(unite, row['valeur']))}" if unite else ""
        return f"[{printed}](#{figures.addresses.of_figure(code, exercice)}){words}{partial}"

    return f


def _unknown(figures: Figures, code: str, exercice: int | None, sinon: str | None) -> None:
    """A code of a system that is not used, or of a member that left, is missing like any other; an unknown code is a mistake."""
    known = {*figures.declared, *(known for known, _ in figures.rows)}
    if code in known and sinon is not None:
        return
    if code in known:
        raise ProseError(
            f"le chiffre « {code} » ne fait pas partie de ceux de {exercice or figures.exercice} : dire ce qui le remplace"
        )
    raise ProseError(f"aucun chiffre « {code} »{suggestion(code, sorted(known))}")


def _is_known(figures: Figures):
    def connu(*codes: str, exercice: int | None = None) -> bool:
        for code in codes:
            if (code, exercice or figures.exercice) not in figures.rows:
                _unknown(figures, code, exercice, "")
                return False
        return all(figures.printed(code, exercice) is not None for code in codes)

    return connu


def _agreeing(figures: Figures, f: Callable[..., str]) -> dict[str, Callable[..., str]]:
    """Agreement with a figure: ``selon`` by its number, ``ecart`` by its sign; ``{}`` is where it is printed.

    « Aucun », like « conforme », is said of a zero for which everything came; a partial zero gets the plural words, or those of what is
    above zero, unless next to nothing is missing.
    """

    def row(code: str) -> dict[str, Any]:
        f(code)  # one that is unknown, missing or hidden is a mistake
        return figures.get(code)

    def selon(code: str, zero: str, un: str, plusieurs: str) -> str:
        one = row(code)
        said = plusieurs
        if is_certain(one) and not one["valeur"]:
            said = zero
        elif is_certain(one) and one["valeur"] == 1:
            said = un
        return said.replace("{}", f(code))

    def ecart(code: str, plus: str, moins: str, conforme: str) -> str:
        one = row(code)
        value = one["valeur"]
        said = plus if value > 0 or not is_certain(one) else conforme
        return (moins if value < 0 else said).replace("{}", f(code, sans_signe=True))

    return {"selon": selon, "ecart": ecart}


def _comparisons(figures: Figures) -> dict[str, Callable[..., bool]]:
    """Whether figures of the year are printed alike, whether one is zero or hidden, whether all are followed.

    A missing figure is neither; one that is missing received lines is not a certain zero.
    """

    def printed(code: str) -> str | None:
        try:
            return figures.printed(code, exact=True)
        except KeyError:
            _unknown(figures, code, None, "")
            return None

    def egaux(one: str, other: str) -> bool:
        return printed(one) is not None and printed(one) == printed(other)

    def nul(code: str) -> bool:
        return printed(code) is not None and not figures.get(code)["valeur"] and is_certain(figures.get(code))

    def suivi(*codes: str) -> bool:
        for code in codes:
            printed(code)  # an undeclared code is a mistake
        return all(figures.is_followed(code) for code in codes)

    def secret(code: str) -> bool:
        printed(code)
        row = figures.rows.get((code, figures.exercice), {})
        return bool(row.get(SECRET)) or row.get("code_manquant") == HIDDEN

    return {"egaux": egaux, "nul": nul, "suivi": suivi, "secret": secret}


def escaped(text: str) -> str:
    """Text that Markdown prints as it is."""
    return re.sub(r"([\\`*_\[\]<>#])", r"\\\1", text)


def _tree(tokens, name: str, pictures: Pictures) -> list[Node]:
    nodes: list[Node] = []
    for token in tokens:
        if token.type.endswith("_close"):
            break
        if token.type == "inline":
            nodes += _tree(iter(token.children), f"{name}:{token.map[0] + 1}", pictures)
        elif token.type.endswith("_open"):
            node = {"genre": KINDS[token.type.removesuffix("_open")], "enfants": _tree(tokens, name, pictures)}
            if token.type == "link_open" and ADDRESSED.fullmatch(token.attrGet("href")):
                node = {**node, "genre": "nombre", "adresse": token.attrGet("href")[1:]}
            elif token.type == "link_open":
                node["cible"] = _target(token.attrGet("href"), name)
            is_picture = [one["genre"] for one in node["enfants"]] == ["image"]
            nodes += node["enfants"] if is_picture and token.type == "paragraph_open" else [node]
        elif token.type == "image":
            nodes.append(_image(token, name, pictures))
        elif token.type in ("softbreak", "hardbreak"):
            nodes.append({"genre": "texte", "texte": " "} if token.type == "softbreak" else {"genre": "saut"})
        elif token.type in ("text", "code_inline"):
            nodes.append({"genre": "texte", "texte": token.content})
    return nodes


def _image(token, name: str, pictures: Pictures) -> Node:
    file, alternative = str(token.attrGet("src")), token.content
    if not alternative:
        raise ProseError(f"{name} l’image {file} n’a pas de texte de remplacement : ![ce qu’elle montre]({file})")
    try:
        image = pictures(file, alternative)
    except ProseError as error:
        raise ProseError(f"{name} {error}") from None
    credit = token.attrGet("title")
    if not credit:
        raise ProseError(f'{name} l’image {file} n’a pas de crédit : ![{alternative}]({file} "son auteur")')
    return {"genre": "image", "image": image, "credit": credit}


def _target(href: str, name: str) -> str:
    """Where a link leads: a figure of the annex, a public address or, from a text that is the same every year, a title
    of the report."""
    if not href.startswith(("#c-", "https://")) and not (href.startswith("#") and name.startswith("texte/")):
        raise ProseError(f"{name} un lien ne mène qu’à https://…, et non à {href.partition(':')[0]}:…")
    return href
