"""The prose of a year, sent to its authors as a Word document and read back: only the changes, or the reasons for a refusal."""

import base64
import io
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Pt

from pipelines.stages.report.model import Editor
from pipelines.stages.report.prose import ProseError
from pipelines.stages.report.word.elements import outer_link, run, w
from pipelines.stages.report.word.reading import NoManuscript, ReadBack, read_back
from pipelines.stages.report.word.writing import comments_of, declared_texts, prose_docx, tag_of, texts_of
from tests.stages.report.office import converted
from tests.stages.report.publication import Press

EDITO = """> **À lire.** En {{ exercice }}.

Le {{ sigle }} compte **{{ f("a.total") }} agents**,
et [un site](https://exemple.fr).

{% if connu("a.absent") %}Jamais imprimé.{% endif %}
{% if connu("a.total") -%}
Imprimé : {{ f("a.total") }}.
{%- endif %}

1. un
2. deux
   - dedans

## Intertitre

{{ selon("a.total", "Personne", "Une personne", "Toutes les {} personnes que le syndicat compte") }} lisent *ceci*.
"""
MATRIX = """      - genre: matrice
        id: lignes
        titre: Lignes
        table: rpt_series
        ordre: [rang]
        code: code
        lignes: {nom: libelle, titre: Indicateur, format: texte}
        croise: {par: exercice, valeur: valeur, format: chiffre}
        commentaires: "series/{code}.md"
        vide: Rien.
"""
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)  # a picture
NOTE = "Une  note,\r\nsur deux lignes."


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home's ``contenu`` and ``textes.docx``, made of it."""
    press = Press(tmp_path_factory.mktemp("envoi"))
    press.write("essai.md", EDITO)
    press.write("figures/note.md", NOTE)
    (press.root / "contenu/2040/figures/note.md").write_bytes(NOTE.encode())
    press.edited(write)
    return press.root


def write(editor: Editor, chapters: list[Any]) -> None:
    folder = editor.contenu
    declared = declared_texts(editor, chapters) | {"demain.md": "À écrire"}
    texts = texts_of(folder, declared, comments_of(editor, chapters))
    (folder.parents[1] / "textes.docx").write_bytes(prose_docx(editor, texts))


@pytest.fixture
def home(sent: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(sent, tmp_path / "dossier"))


def changed(home: Path, change: Callable[[Any], None]) -> ReadBack:
    """What comes back after a change of the document."""
    file = home / "textes.docx"
    document = Document(io.BytesIO(file.read_bytes()))
    change(document)
    document.save(str(file))
    return read_back(file, home / "contenu")


def paragraph(document: Any, start: str) -> Any:
    return next(one for one in document.paragraphs if one._p.xpath("string(.)").startswith(start))


def value(control: Any, name: str) -> str:
    return control.find(f"{qn('w:sdtPr')}/{qn(f'w:{name}')}").get(qn("w:val"))


def total(document: Any) -> Any:
    """The control of a figure."""
    found = paragraph(document, "Le SE compte")._p.iter(qn("w:sdt"))
    return next(one for one in found if value(one, "tag") == 'f("a.total")')


def refusal(found: ReadBack) -> str:
    assert found.changed == {}
    (one,) = found.refused
    return f"{one.place} : {one.reason}"


def test_a_section_a_text_and_a_locked_control_a_figure(sent: Path):
    document = Document(str(sent / "textes.docx"))
    titles = [one._p.xpath("string(.)") for one in document.paragraphs if one.style.name == "Heading 1"]
    assert titles == ["Essai – Partie de 2040 (essai.md)", "À écrire (demain.md)", "figures/note.md"]
    controls = {
        value(one, "tag"): (
            value(one, "lock"),
            "".join(t.text for t in one.iter(qn("w:t"))),
        )
        for one in document.element.body.iter(qn("w:sdt"))
    }
    assert controls['f("a.total")'] == ("contentLocked", "27")
    assert controls["exercice"] == ("contentLocked", "2040")
    assert controls["texte conditionnel 0"] == ("sdtContentLocked", "Imprimé\xa0: 27.")
    long = 'selon("a.total", "Personne", "Une personne", "Toutes les {} personnes que le syndicat compte")'
    assert controls[tag_of(long)][1] == "Toutes les 27 personnes que le syndicat compte"
    assert max(map(len, controls)) <= 64  # more is too long for Word


def test_what_comments_a_chart_or_a_row_is_known_by_its_title(tmp_path: Path):
    press = Press(tmp_path)
    press.chapter += MATRIX
    press.write("series/a_total.md", "Deux.")
    found: dict[str, str] = {}
    press.edited(lambda editor, chapters: found.update(comments_of(editor, chapters)))
    assert found == {
        "figures/effectifs.md": "Effectifs",
        "figures/series.md": "Indicateurs",
        "series/a.total.md": "Agents formés",
        "series/a.y.md": "Jours",
    }


def test_a_change_of_nothing_changes_no_byte(home: Path):
    found = read_back(home / "textes.docx", home / "contenu")
    assert (found.exercice, found.changed, found.refused, found.absent) == (2040, {}, [], [])
    assert sorted(found.unchanged) == ["demain.md", "essai.md", "figures/note.md"]


def test_nor_does_libreoffice(home: Path, tmp_path: Path):
    """Opened, saved, and changed after that: the rest keeps its source, byte for byte."""
    saved = converted(home / "textes.docx", tmp_path, "docx")
    assert saved.read_bytes() != (home / "textes.docx").read_bytes()
    found = read_back(saved, home / "contenu")
    assert found.changed == {} and found.refused == [] and len(found.unchanged) == 3
    shutil.copy(saved, home / "textes.docx")

    def change(document: Any) -> None:
        paragraph(document, "un")._p.addnext(deepcopy(paragraph(document, "un")._p))
        paragraph(document, "Intertitre").runs[-1].text = "Autre titre"

    assert changed(home, change).changed == {
        "essai.md": EDITO.replace("1. un\n2. deux", "1. un\n2. un\n3. deux").replace("## Intertitre", "## Autre titre")
    }


def test_words_marks_lists_and_links_come_back(home: Path):
    def change(document: Any) -> None:
        paragraph(document, "Le SE compte").runs[0].text = "En tout, le "
        new = deepcopy(paragraph(document, "dedans")._p)
        paragraph(document, "dedans")._p.addnext(new)
        added = paragraph(document, "Intertitre").insert_paragraph_before("Un mot ")
        added.add_run("gras").bold = True
        added.add_run(" et ")
        added.add_run("penché").italic = True
        paragraph(document, "À écrire")._p.getnext().append(run("Le premier mot."))

    found = changed(home, change)
    assert found.refused == []
    assert found.changed == {
        "essai.md": EDITO.replace(
            'Le {{ sigle }} compte **{{ f("a.total") }} agents**,\net [un site](https://exemple.fr).',
            'En tout, le {{ sigle }} compte **{{ f("a.total") }} agents**, et [un site](https://exemple.fr/).',
        ).replace("   - dedans\n", "   - dedans\n   - dedans\n\nUn mot **gras** et *penché*\n"),
        "demain.md": "Le premier mot.\n",
    }


def test_a_conditional_text_is_never_imported(home: Path):
    def change(document: Any) -> None:
        (control,) = paragraph(document, "Imprimé")._p.iter(qn("w:sdtContent"))
        control.append(run("Et autre chose."))

    found = changed(home, change)
    assert found.changed == {} and found.refused == []


def test_words_typed_beside_it_are_refused(home: Path):
    found = changed(home, lambda document: paragraph(document, "Imprimé")._p.append(run(" Et plus.")))
    assert refusal(found).endswith(" : du texte ajouté à côté d’un texte conditionnel")


def test_words_typed_beside_a_figure_may_have_its_colour(home: Path):
    found = changed(home, lambda document: total(document).addnext(run(" bons", color="1B4F7D")))
    assert '**{{ f("a.total") }}** bons **agents**, et' in found.changed["essai.md"]


def test_words_typed_beside_a_title_of_a_text_are_refused(home: Path):
    found = changed(home, lambda document: paragraph(document, "À écrire")._p.append(run(" Demain.")))
    assert "du texte y est ajouté" in refusal(found)


def test_nor_can_it_be_taken_out(home: Path):
    found = changed(
        home, lambda document: paragraph(document, "Imprimé")._p.getparent().remove(paragraph(document, "Imprimé")._p)
    )
    assert refusal(found).startswith("essai.md : un texte conditionnel manque")


def test_a_figure_can_go_with_its_sentence(home: Path):
    def change(document: Any) -> None:
        one = paragraph(document, "Le SE compte")._p
        one.getparent().remove(one)

    assert '"a.total") }} agents' not in changed(home, change).changed["essai.md"]


def test_a_figure_that_is_typed_over_is_refused(home: Path):
    def change(document: Any) -> None:
        next(total(document).iter(qn("w:t"))).text = "28"

    assert refusal(changed(home, change)) == (
        "essai.md, « Le SE compte 28 agents, et un site. » : "
        "un chiffre retapé : « 28 » au lieu de « 27 » ; annuler, ou copier ce chiffre du document reçu"
    )


def test_nor_can_words_take_its_place(home: Path):
    def change(document: Any) -> None:
        total(document).getparent().replace(total(document), run("27"))

    assert refusal(changed(home, change)) == (
        "essai.md : un chiffre retapé : « 27 » est écrit à la main ; annuler, ou copier ce chiffre du document reçu"
    )


def test_whatever_spaces_its_thousands_have(tmp_path: Path):
    press = Press(tmp_path)
    press.write("essai.md", 'Il y a {{ f("a.montant") }}.\n')
    press.edited(write)

    def change(document: Any) -> None:
        (control,) = paragraph(document, "Il y a")._p.iter(qn("w:sdt"))
        said = "".join(one.text for one in control.iter(qn("w:t")))
        assert "\u202f" in said
        control.getparent().replace(control, run(said))

    assert "un chiffre retapé : « 1 234 567,89 € »" in refusal(changed(tmp_path, change))


def add(element: Any) -> Callable[[Any], None]:
    return lambda document: paragraph(document, "Intertitre")._p.append(deepcopy(element))


def styled(**looks: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for name, value_ in looks.items():
            setattr(paragraph(document, "Intertitre").runs[0].font, name, value_)

    return change


def linked(address: str) -> Callable[[Any], None]:
    return lambda document: paragraph(document, "Intertitre")._p.append(outer_link(document, address, run("ici")))


def pictured(document: Any) -> None:
    paragraph(document, "Intertitre").add_run().add_picture(io.BytesIO(DOT), width=Pt(10))


def tabled(document: Any) -> None:
    paragraph(document, "Intertitre")._p.addprevious(document.add_table(1, 1)._tbl)


def restyled(name: str) -> Callable[[Any], None]:
    return lambda document: setattr(paragraph(document, "Intertitre"), "style", name)


def commented(document: Any) -> None:
    document.add_comment(paragraph(document, "Intertitre").runs, "À voir", author="X")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (pictured, "une image"),
        (tabled, "un tableau"),
        (commented, "un commentaire"),
        (add(w("ins", run(" ajouté"), id=90)), "une modification suivie (à accepter ou à refuser d’abord)"),
        (add(w("del", w("r", w("delText")), id=91)), "une modification suivie (à accepter ou à refuser d’abord)"),
        (add(w("r", w("footnoteReference", id=2))), "une note de bas de page"),
        (add(w("r", w("tab"))), "une tabulation"),
        (add(w("r", w("br", type="page"))), "un saut de page ou de colonne"),
        (add(w("fldSimple", run("3"), instr=" PAGE ")), "un champ"),
        (styled(underline=True), "un soulignement"),
        (styled(strike=True), "un texte barré"),
        (styled(superscript=True), "un exposant ou un indice"),
        (restyled("Heading 1"), "un titre de niveau 1, qui est celui d’un texte : prendre le niveau 2"),
        (lambda document: setattr(paragraph(document, "Intertitre"), "alignment", 1), "un alignement"),
        (lambda document: setattr(paragraph(document, "Intertitre").paragraph_format, "page_break_before", True),
         "un saut de page ou de section"),
        (restyled("Title"), "le style « Titre » : prendre « Normal »"),
        (linked("http://exemple.fr"), "un lien qui ne mène pas à https://… : http://exemple.fr"),
    ],
)  # fmt: skip
def test_whatever_a_text_cannot_say_is_refused_with_its_place(home: Path, change: Callable[[Any], None], what: str):
    said = refusal(changed(home, change))
    assert said.startswith("essai.md") and said.endswith(f" : {what}")
    assert "Intertitre" in said or what == "un tableau"


def test_code_typed_in_the_document_is_refused(home: Path):
    found = changed(home, lambda document: paragraph(document, "Intertitre").add_run('{{ f("a.total") }}'))
    assert "accolades" in refusal(found)


def test_text_before_the_first_title_is_refused(home: Path):
    found = changed(home, lambda document: document.paragraphs[0].insert_paragraph_before("Bonjour."))
    assert refusal(found) == "au début, « Bonjour. » : du texte avant le premier titre"


def test_a_text_that_changed_since_is_refused_with_both_versions(home: Path):
    source = home / "contenu/2040/essai.md"
    source.write_text(EDITO.replace("1. un", "1. premier"), encoding="utf-8")
    found = changed(home, lambda document: paragraph(document, "deux").runs[0].clear().add_text("second"))
    (one,) = found.refused
    assert found.changed == {} and "a changé depuis" in one.reason
    assert one.versions[:2] == ("--- dans le dossier", "+++ dans le document")
    assert [line for line in one.versions[2:] if line[0] in "+-"] == ["-1. premier", "-1. deux", "+1. un", "+1. second"]


def test_a_document_that_was_taken_in_can_be_taken_in_again(home: Path):
    found = changed(home, lambda document: paragraph(document, "deux").runs[0].clear().add_text("second"))
    (home / "contenu/2040/essai.md").write_text(found.changed["essai.md"], encoding="utf-8")
    again = read_back(home / "textes.docx", home / "contenu")
    assert again.changed == {} and again.refused == []


def test_a_section_that_was_taken_out_leaves_its_text_as_it_is(home: Path):
    def change(document: Any) -> None:
        at = paragraph(document, "figures/note.md")._p
        while at is not None and at.tag == qn("w:p"):
            following = at.getnext()
            at.getparent().remove(at)
            at = following

    found = changed(home, change)
    assert found.absent == ["figures/note.md"] and found.changed == {} and found.refused == []


def test_a_document_writes_nowhere_else(home: Path, tmp_path: Path):
    from pipelines.stages.report.word import reading

    file = home / "textes.docx"
    document = Document(str(file))
    part = document.part.package.part_related_by(reading.RELATIONSHIP_TYPE.CUSTOM_PROPERTIES)
    part._blob = part.blob.replace(b"figures/note.md", b"../../dehors.md")
    document.save(str(file))
    with pytest.raises(NoManuscript, match="n’est pas de contenu/2040"):
        read_back(file, home / "contenu")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"%PDF-1.7"])
def test_any_other_file_is_refused(tmp_path: Path, content: bytes):
    file = tmp_path / "autre.docx"
    file.write_bytes(content)
    with pytest.raises(NoManuscript, match="document Word"):
        read_back(file, tmp_path)
    Document().save(str(file))
    with pytest.raises(NoManuscript, match="contenu export"):
        read_back(file, tmp_path)


def test_a_figure_that_cannot_be_printed_is_reported_with_its_text(tmp_path: Path):
    press = Press(tmp_path)
    press.write("essai.md", '{{ f("a.absent") }}')
    with pytest.raises(ProseError, match="contenu/2040/essai.md:1 le chiffre « a.absent »"):
        press.edited(write)
