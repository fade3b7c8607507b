"""The texts of a year go out as a .docx or an .odt, and come back right, or are refused in one clear list.

Documents are changed as people change them: by LibreOffice, and in the XML that Word writes.
"""

import io
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipelines.stages.report.exchange import (
    NoManuscript,
    ReadBack,
    numbers_of,
    opened,
    read_back,
    texts_document,
    values_of,
)
from pipelines.stages.report.model import Editor
from pipelines.stages.report.pandoc import rewritten as with_parts
from pipelines.stages.report.passage import calls_in, read, written
from pipelines.stages.report.prose import ProseError
from pipelines.stages.report.texts import comments_of, declared_texts, texts_of
from tests.stages.report.office import converted
from tests.stages.report.publication import Press

EDITO = """Le {{ sigle }} compte **{{ f("a.total") }} agents**,
et [un site](https://exemple.fr).

{% if connu("a.total") %}
Imprimé : {{ f("a.total") }}.
{% endif %}

## Intertitre

1. un
2. deux
   - dedans

> L’« avis » du 1er juin, *en italique*.

| Année | Agents |
|-------|--------|
| {{ exercice }} | 12 |

Et {{ f("a.montant") }} à la fin.
"""
REWRITTEN = """Le {{ sigle }} compte **{{ f("a.total") }} agents**, et [un site](https://exemple.fr/).

{% if connu("a.total") %}
Imprimé : {{ f("a.total") }}.
{% endif %}

## Intertitre

1.  un
2.  deux
    - dedans

> L’« avis » du 1er juin, *en italique*.

| Année                  | Agents |
|------------------------|--------|
| {{ exercice }} | 12     |

Et {{ f("a.montant") }} à la fin.
"""  # as a text is once it changed
NOTE = "* à\r\n* garder  \r\n  ainsi\r\n"
LINK = r'<w:hyperlink r:id="[^"]*">(?:(?!</w:hyperlink>).)*{}.*?</w:hyperlink>'


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose texts were sent, in both kinds of documents."""
    press = Press(tmp_path_factory.mktemp("envoi"))
    press.write("essai.md", EDITO)
    press.write("figures/note.md", NOTE)
    (press.root / "contenu/2040/figures/note.md").write_bytes(NOTE.encode())

    def write(editor: Editor, chapters: list[Any]) -> None:
        declared = declared_texts(editor, chapters) | {"demain.md": "À écrire"}
        texts = texts_of(editor.contenu, declared, comments_of(editor, chapters))
        for kind in ("docx", "odt"):
            (press.root / f"textes.{kind}").write_bytes(texts_document(editor, texts, kind))
            assert (press.root / f"textes.{kind}").read_bytes() == texts_document(editor, texts, kind)

    press.edited(write)
    return press.root


@pytest.fixture
def home(sent: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(sent, tmp_path / "dossier"))


def taken(home: Path, file: Path | None = None, **options: Any) -> ReadBack:
    """What comes back of a document."""
    found: list[ReadBack] = []
    press = Press(home)
    press.edited(
        lambda editor, chapters: found.append(
            read_back(opened(file or home / "textes.docx"), home / "contenu", values_of(editor, chapters), **options)
        )
    )
    return found[0]


def edited(home: Path, change: Callable[[str], str], part: str = "word/document.xml", kind: str = "docx") -> Path:
    """The document, one of its parts changed."""
    file = home / f"textes.{kind}"
    content = file.read_bytes()

    def edit(name: str, old: bytes) -> bytes:
        if name != part:
            return old
        new = change(old.decode())
        assert new != old.decode(), "the edit changes something"
        return new.encode()

    file.write_bytes(with_parts(content, edit))
    return file


def put(former: str, new: str) -> Callable[[str], str]:
    return lambda xml: xml.replace(former, new, 1)


def run(text: str, looks: str = "") -> str:
    return f'<w:r>{f"<w:rPr>{looks}</w:rPr>" if looks else ""}<w:t xml:space="preserve">{text}</w:t></w:r>'


def after(paragraph: str, new: str) -> Callable[[str], str]:
    """XML put after the paragraph that holds some words."""

    def change(xml: str) -> str:
        end = xml.index("</w:p>", xml.index(paragraph)) + len("</w:p>")
        return xml[:end] + new + xml[end:]

    return change


def paragraph(*runs: str, about: str = "") -> str:
    return f"<w:p>{f'<w:pPr>{about}</w:pPr>' if about else ''}{''.join(runs)}</w:p>"


def refused(found: ReadBack) -> list[str]:
    assert found.changed == {} and found.images == {}
    return [f"{one.place} : {one.reason}" for one in found.refused]


@pytest.mark.parametrize("kind", ["docx", "odt"])
def test_a_change_of_nothing_changes_no_byte(home: Path, kind: str):
    found = taken(home, home / f"textes.{kind}")
    assert (found.exercice, found.changed, found.refused, found.absent) == (2040, {}, [], [])
    assert sorted(found.unchanged) == ["demain.md", "essai.md", "figures/note.md"]


@pytest.mark.parametrize(
    "way", [("docx", "docx"), ("docx", "odt"), ("odt", "docx"), ("odt", "odt"), ("docx", "odt", "docx")]
)
def test_nor_does_libreoffice(home: Path, tmp_path: Path, way: tuple[str, ...]):
    file = home / f"textes.{way[0]}"
    for step, kind in enumerate(way[1:]):
        file = converted(file, tmp_path / str(step), kind)
    found = taken(home, file)
    assert found.refused == [] and found.changed == {}
    assert sorted(found.unchanged) == ["demain.md", "essai.md", "figures/note.md"]


AS_PEOPLE_DO: dict[str, tuple[Callable[[str], str], tuple[str, str], str]] = {
    "a revision": (
        after("Intertitre", paragraph("<w:ins w:id='90' w:author='A. B.' w:date='2041-01-01T00:00:00Z'>", run("Ajouté."),
              "</w:ins><w:del w:id='91' w:author='A. B.'><w:r><w:delText>Retiré.</w:delText></w:r></w:del>")),
        ("## Intertitre\n", "## Intertitre\n\nAjouté.\n"), "modifications suivies\u00a0: 2, acceptées"),
    "proofing marks and a bookmark": (
        put(run("Intertitre"), "<w:proofErr w:type='spellStart'/><w:bookmarkStart w:id='92' w:name='_x'/>" + run("Inter")
            + "<w:bookmarkEnd w:id='92'/><w:proofErr w:type='spellEnd'/>" + run("titres")),
        ("## Intertitre", "## Intertitres"), ""),
    "smart quotes and an ordinal": (
        after("Intertitre", paragraph(run("L’“année” n'est pas la 1"), run("re", "<w:vertAlign w:val='superscript'/>"), run("."))),
        ("## Intertitre\n", "## Intertitre\n\nL’“année” n'est pas la 1re.\n"), ""),
    "what was pasted from the web": (
        after("Intertitre", paragraph(
            run("Copié ", "<w:rFonts w:ascii='Arial'/><w:color w:val='FF0000'/><w:sz w:val='30'/><w:shd w:fill='FFFF00'/>"),
            run("ici", "<w:u w:val='single'/><w:highlight w:val='yellow'/>"), about="<w:pStyle w:val='NormalWeb'/>")),
        ("## Intertitre\n", "## Intertitre\n\nCopié ici\n"), ""),
    "justified, on another page": (
        after("Intertitre", paragraph("<w:r><w:br w:type='page'/></w:r>", run("Justifié."),
              about="<w:pageBreakBefore/><w:jc w:val='both'/>")),
        ("## Intertitre\n", "## Intertitre\n\nJustifié.\n"), ""),
    "a heading": (
        after("Intertitre", paragraph(run("Plus bas"), about="<w:pStyle w:val='Heading3'/>")),
        ("## Intertitre\n", "## Intertitre\n\n## Plus bas\n"), ""),
    "a table": (
        after("Intertitre", "<w:tbl><w:tblPr/><w:tblGrid><w:gridCol/><w:gridCol/></w:tblGrid><w:tr><w:tc>" + paragraph(run("a"))
              + "</w:tc><w:tc>" + paragraph(run("b", "<w:b/>")) + "</w:tc></w:tr></w:tbl>"),
        ("## Intertitre\n", "## Intertitre\n\n| a   | **b** |\n|-----|-------|\n"), ""),
    "a mail address that Word made a link": (
        lambda xml: after("Intertitre", paragraph(run("Écrire à "), '<w:hyperlink r:id="rIdX">' + run("a@b.fr") + "</w:hyperlink>"))(xml),
        ("## Intertitre\n", "## Intertitre\n\nÉcrire à a@b.fr\n"), ""),
    "a power": (
        after("Intertitre", paragraph(run("10 m"), run("2", "<w:vertAlign w:val='superscript'/>"))),
        ("## Intertitre\n", "## Intertitre\n\n10 m²\n"), "« 10 », chiffre écrit à la main"),
}  # fmt: skip


@pytest.mark.parametrize("name", AS_PEOPLE_DO)
def test_what_people_do_comes_back_right(home: Path, name: str):
    change, (former, new), told = AS_PEOPLE_DO[name]
    file = edited(home, change)
    if "rIdX" in zipfile.ZipFile(file).read("word/document.xml").decode():
        mail = '<Relationship Id="rIdX" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" '
        edited(home, put("</Relationships>", f'{mail}Target="mailto:a@b.fr" TargetMode="External"/></Relationships>'),
               "word/_rels/document.xml.rels")  # fmt: skip
    found = taken(home)
    assert found.refused == []
    assert found.changed == {"essai.md": REWRITTEN.replace(former, new)}
    assert told in "\n".join(found.told) and (told or not found.told)


def test_a_figure_moves_with_its_sentence(home: Path):
    def change(xml: str) -> str:
        (link,) = re.findall(LINK.format("1,23.M€"), xml)
        return after("Intertitre", paragraph(run("Soit "), link, run(".")))(xml.replace(link, "", 1))

    found = taken(home, edited(home, change))
    assert found.refused == []
    text = found.changed["essai.md"]
    assert '## Intertitre\n\nSoit {{ f("a.montant") }}.\n' in text and "Et à la fin." in text
    assert text.startswith(REWRITTEN.partition("## Intertitre")[0])


def test_a_figure_typed_over_is_refused_with_its_place_and_both_values_and_so_is_every_other_fault(home: Path):
    def change(xml: str) -> str:
        (link,) = re.findall(LINK.format(">27<"), xml)
        wrong = xml.replace(link, link.replace(">27<", ">28<"), 1)
        struck = wrong.replace(run(", et "), run(", ") + run("barré", "<w:strike/>") + run(" et "), 1)
        assert struck != wrong
        return after("dedans", paragraph(run("Trop haut"), about="<w:pStyle w:val='Heading1'/>"))(struck)

    first, second, third = refused(taken(home, edited(home, change)))
    place = "Essai – Partie de 2040 (essai.md), paragraphe 1 (« Le SE compte 28 agents"
    assert first.startswith(place) and "un chiffre retapé\u00a0: « 28 » au lieu de « 27 »" in first
    assert second.startswith(place) and "un texte barré" in second
    assert "« Trop haut »" in third and "un titre de niveau 1" in third


@pytest.mark.parametrize(("typed", "known"), [("27", True), ("28", False)])
def test_a_figure_retyped_as_words_is_told_right_or_wrong(home: Path, typed: str, known: bool):
    def change(xml: str) -> str:
        (link,) = re.findall(LINK.format(">27<"), xml)
        return xml.replace(link, run(typed, "<w:b/>"), 1)

    found = taken(home, edited(home, change))
    assert found.refused == [] and f"**{typed} agents**" in found.changed["essai.md"]
    said = "\n".join(found.told)
    assert "le chiffre a.total n’y est plus" in said and f"« {typed} », chiffre écrit à la main" in said
    assert ("c’est la valeur de a.total (--link en fait ce chiffre)" in said) is known
    linked = taken(home, link=True)
    assert (linked.changed == {}) is known  # it is the figure again
    assert list(numbers_of(found.changed["essai.md"])) == [typed, "12"]


def test_a_digit_typed_beside_a_figure_is_refused(home: Path):
    (said,) = refused(taken(home, edited(home, put(run(" agents", "<w:b /><w:bCs />"), run("0 agents", "<w:b/>")))))
    assert "(« Le SE compte 270 agents" in said and said.endswith(
        "un nombre collé à un chiffre\u00a0: mettre une espace, ou l’enlever"
    )


def test_years_dates_and_articles_are_no_figures():
    said = "En 2019, le 31 décembre, article L. 5211-39, 1er, 12/03/2020, {{ f('a') }} : 3 942 et 4,5 %.\n1. un\n"
    assert list(numbers_of(said)) == ["3 942", "4,5"]


PICTURE = (
    '<w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
    '<wp:extent cx="9525" cy="9525"/><wp:docPr id="77" name="Image 1" descr="{}"/>'
    '<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
    '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
    '<pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:nvPicPr><pic:cNvPr id="0" name="a.png"/>'
    '<pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="rIdP"/></pic:blipFill><pic:spPr/></pic:pic></a:graphicData>'
    "</a:graphic></wp:inline></w:drawing>"
)


def pictured(home: Path, description: str, credit: str, content: bytes | None = None) -> None:
    out = io.BytesIO()
    Image.new("RGB", (4000, 20), "#1b4f7d").save(out, "PNG")
    below = paragraph(run(credit)) if credit else ""
    file = edited(home, after("Intertitre", paragraph(f"<w:r>{PICTURE.format(description)}</w:r>") + below))
    link = '<Relationship Id="rIdP" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" '
    edited(
        home, put("</Relationships>", f'{link}Target="media/a.png"/></Relationships>'), "word/_rels/document.xml.rels"
    )
    edited(home, _with_png, "[Content_Types].xml")
    with zipfile.ZipFile(file, "a") as parts:
        parts.writestr("word/media/a.png", out.getvalue() if content is None else content)


def _with_png(xml: str) -> str:
    return xml.replace("</Types>", '<Override PartName="/word/media/a.png" ContentType="image/png"/></Types>')


def test_a_picture_goes_beside_the_texts_small_described_and_credited_and_is_printed(home: Path):
    pictured(home, "La salle du comité", "Crédit : A. Untel")
    found = taken(home)
    assert found.refused == []
    ((path, content),) = found.images.items()
    assert re.fullmatch(r"images/la-salle-du-comite-[0-9a-f]{6}\.png", path)
    assert Image.open(io.BytesIO(content)).size == (1600, 8)
    assert f'## Intertitre\n\n![La salle du comité]({path} "A. Untel")\n\n1.  un' in found.changed["essai.md"]
    (home / "contenu/2040/essai.md").write_text(found.changed["essai.md"], encoding="utf-8")
    (home / "contenu/2040/images").mkdir()
    (home / "contenu/2040" / path).write_bytes(content)
    again = taken(home)
    assert again.refused == [] and again.changed == {}
    model = Press(home).model()
    (shown,) = [node for node in model["chapitres"][0]["sections"][0]["blocs"][0]["arbre"] if node["genre"] == "image"]
    assert (shown["credit"], shown["image"]["alternatif"], shown["image"]["largeur"]) == (
        "A. Untel",
        "La salle du comité",
        1600,
    )


def test_a_picture_of_an_odt_is_refused_by_what_to_do(home: Path, tmp_path: Path):
    pictured(home, "La salle du comité", "Crédit : A. Untel")
    (said,) = refused(taken(home, converted(home / "textes.docx", tmp_path / "odt", "odt")))
    assert said.endswith(
        "sans texte de remplacement\u00a0: Pandoc ne lit pas celui d’un .odt ; enregistrer le document en .docx"
    )


def test_a_picture_that_nobody_described_or_that_is_none_is_refused(home: Path):
    pictured(home, "Une image contenant texte. Description générée automatiquement", "", b"GIF89a")
    first, second, third = refused(taken(home))
    assert "sans texte de remplacement" in first and "sans crédit" in second and "ni un PNG ni un JPEG" in third


def test_comments_are_listed_and_left_out(home: Path, tmp_path: Path):
    comment = ('<w:comment xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" w:id="5" w:author="C. D." '
               'w:date="2041-01-01T00:00:00Z"><w:p><w:r><w:t>À vérifier</w:t></w:r></w:p></w:comment>')  # fmt: skip
    file = home / "textes.docx"
    xml = zipfile.ZipFile(file).read("word/comments.xml").decode().strip()
    whole = f"{re.sub('/>$|</w:comments>$', '', xml)}{'>' if xml.endswith('/>') else ''}{comment}</w:comments>"
    edited(home, lambda _: whole, "word/comments.xml")
    marks = '<w:commentRangeStart w:id="5"/>{}<w:commentRangeEnd w:id="5"/><w:r><w:commentReference w:id="5"/></w:r>'
    found = taken(home, edited(home, put(run("Intertitre"), marks.format(run("Intertitre")))))
    assert found.changed == {} and found.refused == []
    assert found.told == ["commentaire de C. D., laissé de côté\u00a0: « À vérifier »"]
    found = taken(home, converted(home / "textes.docx", tmp_path / "odt", "odt"))
    assert found.changed == {} and found.refused == []
    assert found.told == [
        "le document contient des commentaires, que Pandoc ne lit pas dans un .odt, ce qui est laissé de côté"
    ]


def test_a_section_that_was_taken_out_leaves_its_text_as_it_is(home: Path):
    def change(xml: str) -> str:
        start = xml.rindex("<w:p>", 0, xml.index("figures/note.md"))
        return xml[:start] + xml[xml.index("<w:sectPr") :]

    found = taken(home, edited(home, change))
    assert found.absent == ["figures/note.md"] and found.changed == {} and found.refused == []


def test_a_text_that_has_no_words_left_is_refused_by_what_its_author_can_do(home: Path):
    def change(xml: str) -> str:
        start = xml.index("</w:p>", xml.index("figures/note.md")) + len("</w:p>")
        return xml[:start] + xml[xml.index("<w:sectPr") :]

    (said,) = refused(taken(home, edited(home, change)))
    assert said.startswith(
        "figures/note.md : tout son texte est retiré\u00a0: pour le laisser tel qu’il est, retirer aussi ce titre"
    )


def test_a_conditional_text_neither_changes_nor_goes(home: Path):
    (said,) = refused(taken(home, edited(home, put("Imprimé", "Publié"))))
    assert "un passage calculé, qui ne se change pas ici" in said

    def removed(xml: str) -> str:
        start = xml.rindex("<w:p>", 0, xml.index("Publié"))
        return xml[:start] + xml[xml.index("</w:p>", start) + len("</w:p>") :]

    (said,) = refused(taken(home, edited(home, removed)))
    assert "un passage calculé manque" in said


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (paragraph(run("{{ f(1) }}")), "des accolades doublées"),
        (paragraph("<w:r><w:footnoteReference w:id='2'/></w:r>", run("x")), "une note de bas de page"),
        (paragraph('<w:hyperlink r:id="rIdL">' + run("ici") + "</w:hyperlink>"), "un lien qui ne mène pas à https://…\u00a0: http://exemple.fr"),
        (paragraph('<w:hyperlink r:id="rIdF">' + run("9") + "</w:hyperlink>"), "un chiffre ou un passage qui n’est d’aucun de ces textes"),
    ],
)  # fmt: skip
def test_whatever_a_text_cannot_say_is_refused_with_its_place(home: Path, new: str, said: str):
    edited(home, after("Intertitre", new))
    links = "".join(
        f'<Relationship Id="{name}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" '
        f'Target="{target}" TargetMode="External"/>'
        for name, target in (("rIdL", "http://exemple.fr"), ("rIdF", "chiffre:b.autre?9"))
    )
    edited(home, put("</Relationships>", f"{links}</Relationships>"), "word/_rels/document.xml.rels")
    if "footnote" in new:
        note = '<w:footnote w:id="2"><w:p><w:r><w:t>Note</w:t></w:r></w:p></w:footnote></w:footnotes>'
        edited(home, put("</w:footnotes>", note), "word/footnotes.xml")
    (one,) = refused(taken(home))
    assert one.startswith("Essai – Partie de 2040 (essai.md), paragraphe ") and said in one


def test_text_before_the_first_title_is_refused(home: Path):
    found = taken(home, edited(home, put("<w:body>", "<w:body>" + paragraph(run("Bonjour.")))))
    assert refused(found) == ["au début : du texte avant le premier titre"]


def test_a_text_that_changed_since_is_refused_with_both_versions(home: Path):
    source = home / "contenu/2040/essai.md"
    source.write_text(EDITO.replace("1. un", "1. premier"), encoding="utf-8")
    found = taken(home, edited(home, put(">deux<", ">second<")))
    (one,) = found.refused
    assert found.changed == {} and "a changé depuis" in one.reason
    assert one.versions[:2] == ("--- dans le dossier", "+++ dans le document")
    assert [line.replace("  ", " ") for line in one.versions[2:] if line[0] in "+-"] == [
        "-1. premier", "-2. deux", "+1. un", "+2. second"]  # fmt: skip


def test_a_document_that_was_taken_in_can_be_taken_in_again(home: Path):
    found = taken(home, edited(home, put(">deux<", ">second<")))
    (home / "contenu/2040/essai.md").write_text(found.changed["essai.md"], encoding="utf-8")
    again = taken(home)
    assert again.changed == {} and again.refused == []


def test_the_first_words_of_a_text_are_written(home: Path):
    found = taken(home, edited(home, after("À écrire", paragraph(run("Le premier mot.")))))
    assert found.changed == {"demain.md": "Le premier mot.\n"}


def test_words_typed_beside_a_title_are_not_lost(home: Path):
    found = taken(
        home,
        edited(home, lambda xml: re.sub(r"(\(demain\.md\).*?</w:hyperlink>)", rf"\1{run(' Déjà.')}", xml, count=1)),
    )
    assert found.refused == [] and found.changed == {"demain.md": "Déjà.\n"}


def test_line_ends_stay_as_they_are(home: Path):
    found = taken(home, edited(home, after("figures/note.md", paragraph(run("Avant.")))))
    assert found.changed == {"figures/note.md": "Avant.\r\n\r\n- à\r\n- garder\\\r\n  ainsi\r\n"}


def test_what_libreoffice_changed_comes_back(home: Path, tmp_path: Path):
    file = edited(home, put("un</text:p>", "un et demi</text:p>"), "content.xml", "odt")
    found = taken(home, converted(file, tmp_path / "odt", "docx"))
    assert found.refused == [] and found.changed == {"essai.md": REWRITTEN.replace("1.  un\n", "1.  un et demi\n")}


def test_a_document_writes_nowhere_else(home: Path):
    edited(home, put("figures/note.md?", "../../dehors.md?"), "word/_rels/document.xml.rels")
    with pytest.raises(NoManuscript, match="n’est pas de contenu/2040"):
        taken(home)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"%PDF-1.7"])
def test_any_other_file_is_refused(home: Path, content: bytes):
    (home / "textes.docx").write_bytes(content)
    with pytest.raises(NoManuscript, match="n’est pas un document Word"):
        taken(home)


def test_a_bomb_is_refused_and_what_may_do_harm_is_told(home: Path):
    with zipfile.ZipFile(home / "textes.docx", "a", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("word/vbaProject.bin", b"x")
        parts.writestr("word/embeddings/a.bin", b"x")
    edited(home, put("</Relationships>", '<Relationship Id="rIdT" Type="http://x/attachedTemplate" Target="http://x/t.dotm" '
                     'TargetMode="External"/></Relationships>'), "word/_rels/document.xml.rels")  # fmt: skip
    found = taken(home)
    assert found.refused == [] and found.changed == {}
    assert found.told == [
        f"le document contient {one}, ce qui est laissé de côté"
        for one in ("des macros", "des objets incorporés", "des liens vers d’autres fichiers")
    ]
    with zipfile.ZipFile(home / "textes.docx", "a", zipfile.ZIP_DEFLATED) as parts:
        for rank in range(7):
            parts.writestr(f"word/media/{rank}.bin", bytes(50 * 1024**2))
    with pytest.raises(NoManuscript, match="trop lourd"):
        taken(home)


def test_a_figure_that_cannot_be_printed_is_reported_with_its_text(tmp_path: Path):
    press = Press(tmp_path)
    press.write("essai.md", '{{ f("a.absent") }}')
    with pytest.raises(ProseError, match=r"contenu/2040/essai\.md:1 le chiffre « a\.absent »"):
        press.edited(lambda editor, chapters: texts_document(editor, texts_of(editor.contenu, {}, {}), "docx"))


NESTED = "{% if a %}\n\nUn\n\n{% if b %}deux{% endif %}\n\n{% endif %}"


@pytest.mark.parametrize(
    ("source", "calls"),
    [
        ("A {{ x }} b", ["{{ x }}"]),
        (f"{NESTED}\n\nTrois", [NESTED]),
        ("[lien {{ x }}](https://a.fr)", ["[lien {{ x }}](https://a.fr)"]),  # a link in a link: the whole block
        ("---", ["-" * 72]),
        ("![Une photo](images/a.png)", ["![Une photo](images/a.png)"]),
        ("{% if jamais fini", []),
        ("**{{ x }}** a **c {{ y }}** *{{ z }} d **e***, [f **g**](https://a.fr)", ["{{ x }}", "{{ y }}", "{{ z }}"]),
        ("[un {{ x }}][1] et [deux](https://a.fr)\n\n[1]: https://b.fr", ["{{ x }}"]),
        ("{% if x %} sans fin", ["{% if x %} sans fin"]),
        ("{# rien #}Un", ["{# rien #}"]),
    ],
)  # fmt: skip
def test_what_a_document_cannot_say_is_one_call(source: str, calls: list[str]):
    blocks, codes = read(source)
    assert [codes[one] for one in calls_in(blocks)] == calls
    again, same = read(written(blocks, codes))
    assert again == blocks and same == codes
