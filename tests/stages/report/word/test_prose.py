"""Prose as paragraphs of Word: every text of the tree, in its order, each in the style and at the depth of what it is."""

import datetime as dt
from pathlib import Path

import pytest
from docx.oxml.ns import qn

from pipelines.stages.report.figures import Figures
from pipelines.stages.report.prose import render
from pipelines.stages.report.word.document import BULLETS, LEVELS, new_document
from pipelines.stages.report.word.elements import bookmark
from pipelines.stages.report.word.prose import ProseWriter


class Writer(ProseWriter):
    def __init__(self) -> None:
        self.document = new_document("Essai", "Syndicat", "Prose", dt.date(2041, 5, 12))


@pytest.fixture
def writer() -> Writer:
    return Writer()


def laid_out(writer: Writer, folder: Path, text: str) -> list[tuple[str, str]]:
    """(style, text) of each paragraph; a line break is ``↵``, a list is ``style level list``."""
    (folder / "essai.md").write_text(text, encoding="utf-8")
    found = []
    for one in writer.prose(render(folder / "essai.md", "essai.md", Figures(2040, {}, {}, {}), {})):
        about = one.find(qn("w:pPr"))
        style, number = about.find(qn("w:pStyle")).get(qn("w:val")), about.find(qn("w:numPr"))
        at = [] if number is None else [number.find(qn(name)).get(qn("w:val")) for name in ("w:ilvl", "w:numId")]
        held = [piece for run in one.iter(qn("w:r")) for piece in run.iterchildren(qn("w:t"), qn("w:br"))]
        pieces = ["↵" if piece.tag == qn("w:br") else piece.text for piece in held]
        found.append((" ".join([style, *at]), "".join(pieces)))
    return found


def test_each_block_has_the_style_of_what_it_is(writer: Writer, tmp_path: Path):
    said = "Un\nmot  \net *un* **autre**.\n\n## Titre\n\n> Cité.\n>\n> Encore.\n\nFin."
    assert laid_out(writer, tmp_path, said) == [
        ("Normal", "Un mot↵et un autre."),
        ("Heading3", "Titre"),
        ("Quote", "Cité."),
        ("Quote", "Encore."),
        ("Normal", "Fin."),
    ]


def test_a_list_is_laid_out_in_its_order_and_one_within_it_deeper(writer: Writer, tmp_path: Path):
    said = "- a\n\n  > cité\n\n  suite\n\n  1. b\n     - c\n\n  fin\n- - d\n- > h\n\n1. e\n2. f\n\nEt\n\n1. g"
    found = laid_out(writer, tmp_path, said)
    nested, numbered, again = (style.rpartition(" ")[2] for style, text in found if text in ("b", "e", "g"))
    assert len({str(BULLETS), nested, numbered, again}) == 4  # each counts from 1
    assert found == [
        (f"ListBullet 0 {BULLETS}", "a"),
        ("Quote", "cité"),
        ("ListBullet", "suite"),
        (f"ListNumber 1 {nested}", "b"),
        (f"ListBullet 2 {BULLETS}", "c"),
        ("ListBullet", "fin"),
        (f"ListBullet 0 {BULLETS}", ""),
        (f"ListBullet 1 {BULLETS}", "d"),
        (f"ListBullet 0 {BULLETS}", ""),
        ("Quote", "h"),
        (f"ListNumber 0 {numbered}", "e"),
        (f"ListNumber 0 {numbered}", "f"),
        ("Normal", "Et"),
        (f"ListNumber 0 {again}", "g"),
    ]


def test_a_list_has_as_many_levels_as_the_document_and_more_share_the_last(writer: Writer, tmp_path: Path):
    said = "\n".join(f"{'  ' * depth}- {depth}" for depth in range(LEVELS + 1))
    levels = [style.split()[1] for style, _ in laid_out(writer, tmp_path, said)]
    assert levels == [*map(str, range(LEVELS)), str(LEVELS - 1)]


def test_what_continues_an_item_is_under_its_text(writer: Writer, tmp_path: Path):
    (tmp_path / "a.md").write_text("- a\n  - b\n\n    suite", encoding="utf-8")
    *_, last = writer.prose(render(tmp_path / "a.md", "a.md", Figures(2040, {}, {}, {}), {}))
    assert last.find(qn("w:pPr")).find(qn("w:ind")).get(qn("w:left")) == "720"


def marked(element) -> list[tuple[str, dict[str, str | None]]]:
    """(text, marks) of each run that holds some."""
    found = []
    for one in element.iter(qn("w:r")):
        marks = one.find(qn("w:rPr"))
        said = {} if marks is None else {mark.tag.rpartition("}")[2]: mark.get(qn("w:val")) for mark in marks}
        found.append(("".join(text.text or "" for text in one.iter(qn("w:t"))), said))
    return [one for one in found if one[0]]


def test_links_and_marks_are_kept(writer: Writer, tmp_path: Path):
    said = "**le *1er* [site](https://exemple.fr/a)** et *[ici](#c-a.total)*"
    (tmp_path / "a.md").write_text(said, encoding="utf-8")
    (made,) = writer.prose(render(tmp_path / "a.md", "a.md", Figures(2040, {}, {}, {}), {}))
    bold, both = {"b": None}, {"b": None, "i": None}
    assert marked(made) == [
        ("le ", bold),
        ("1", both),
        ("er", both | {"vertAlign": "superscript"}),
        (" ", bold),
        ("site", bold | {"rStyle": "Hyperlink"}),
        (" et ", {}),
        ("ici", {"i": None}),
    ]
    outer, inner = made.iter(qn("w:hyperlink"))
    assert writer.document.part.rels[outer.get(qn("r:id"))].target_ref == "https://exemple.fr/a"
    assert inner.get(qn("w:anchor")) == bookmark("c-a.total") and marked(inner) == [("ici", {"i": None})]


def test_what_has_no_layout_of_its_own_keeps_its_content(writer: Writer):
    """Inside a paragraph, whatever holds others."""
    inner = [{"genre": "texte", "texte": "b"}, {"genre": "fort", "enfants": [{"genre": "texte", "texte": "c"}]}]
    nodes = [{"genre": "texte", "texte": "a"}, {"genre": "element", "enfants": inner}]
    (made,) = writer.prose([{"genre": "titre", "enfants": [{"genre": "accent", "enfants": nodes}]}])
    assert marked(made) == [("a", {"i": None}), ("b", {"i": None}), ("c", {"i": None, "b": None})]
