"""A text of the year may hold a table and a picture, which every form of the report prints."""

import zipfile
from pathlib import Path

import pytest
from docx import Document
from PIL import Image

from pipelines.catalogue.load import load_catalogue
from pipelines.stages.report.html import report_page
from pipelines.stages.report.office import report_document
from pipelines.stages.report.pdf import report_pdf
from pipelines.stages.report.prose import ProseError
from tests.stages.report.publication import Press

TEXT = """Avant.

![La salle](images/salle.png "A. Untel")

| Année | Agents |
|-------|--------|
| {{ exercice }} | {{ f("a.total") }} |
"""


@pytest.fixture
def with_picture(press: Press) -> Press:
    press.write("essai.md", TEXT)
    folder = press.root / "contenu/2040/images"
    folder.mkdir()
    Image.new("RGB", (40, 20), "#1b4f7d").save(folder / "salle.png")
    return press


def test_every_form_prints_them(with_picture: Press, cache: Path, tmp_path: Path):
    from pypdf import PdfReader

    model = with_picture.model()
    page = report_page(model, cache)
    assert 'alt="La salle"' in page and "<figcaption>Crédit\u00a0: A. Untel</figcaption>" in page
    assert "<thead><tr><th>Année</th><th>Agents</th></tr></thead>" in page and '<td><a href="#c-a.total"' in page
    (tmp_path / "r.pdf").write_bytes(report_pdf(model, cache))
    said = " ".join(one.extract_text() for one in PdfReader(tmp_path / "r.pdf").pages)
    assert "A. Untel" in said and "Année" in said
    for kind in ("docx", "odt"):
        file = tmp_path / f"r.{kind}"
        file.write_bytes(report_document(model, cache, kind, load_catalogue().modele(f"rapport.{kind}")))
        body = zipfile.ZipFile(file).read({"docx": "word/document.xml", "odt": "content.xml"}[kind]).decode()
        assert "La salle" in body and "A. Untel" in body
    document = Document(str(tmp_path / "r.docx"))
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [
        ["Année", "Agents"],
        ["2040", "27"],
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "![](images/salle.png)",
            r"contenu/2040/essai\.md:1 l’image images/salle\.png n’a pas de texte de remplacement",
        ),
        ("![a](images/salle.png)", r"contenu/2040/essai\.md:1 l’image images/salle\.png n’a pas de crédit"),
        ("![a](images/autre.png)", r"contenu/2040/essai\.md:1 contenu/2040/images/autre\.png n’existe pas"),
        ("![a](../../organisation.yml)", "n’est pas dans contenu/2040/images"),
        ("![a](https://exemple.fr/a.png)", "n’est pas dans contenu/2040/images"),
    ],
)
def test_a_picture_that_cannot_be_printed_is_refused_with_its_line(with_picture: Press, text: str, said: str):
    with_picture.write("essai.md", text)
    with pytest.raises(ProseError, match=said):
        with_picture.model()
