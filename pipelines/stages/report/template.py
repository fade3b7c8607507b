"""Fills the braces of a document that gives others their look: a .docx by docxtpl, an .odt in the lines around its pages.

A template may come from anybody: its braces are filled in a sandbox, and know nothing but the names they are given.
"""

import base64
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docx.oxml.ns import qn
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from lxml import etree

from pipelines.stages.report.pandoc import rewritten
from pipelines.stages.report.prose import ProseError

HEIGHT = 16  # of a picture, in millimetres

if TYPE_CHECKING:
    from docx.document import Document


def filled(template: Path, names: dict[str, Any]) -> bytes:
    """A template with its braces filled. Raises ProseError naming it."""
    if template.suffix == ".docx":
        return saved(filled_docx(template, names))
    braces = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)

    def change(name: str, part: bytes) -> bytes:
        return braces.from_string(part.decode()).render(names).encode() if name == "styles.xml" else part

    with _named(template, names):
        return rewritten(template.read_bytes(), change)


def filled_docx(template: Path, names: dict[str, Any]) -> "Document":
    """A .docx template with its braces filled. Raises ProseError naming it."""
    with _named(template, names):
        document = DocxTemplate(io.BytesIO(template.read_bytes()))
        pictures = {name: one for name, one in names.items() if isinstance(one, dict) and "donnees" in one}
        drawn = {
            name: InlineImage(document, io.BytesIO(base64.b64decode(one["donnees"])), height=Mm(HEIGHT))
            for name, one in pictures.items()
        }
        document.render(names | drawn, SandboxedEnvironment(undefined=StrictUndefined), autoescape=True)
        undescribed = (one for one in document.docx.element.body.iter(qn("wp:docPr")) if not one.get("descr"))
        for place, one in zip(undescribed, pictures.values(), strict=False):
            place.set("descr", one["alternatif"])
        return document.docx


def saved(document: "Document") -> bytes:
    """The file: the same content gives the same bytes."""
    out = io.BytesIO()
    document.save(out)
    return rewritten(out.getvalue(), lambda _, part: part)


@contextmanager
def _named(template: Path, names: dict[str, Any]) -> Iterator[None]:
    place = f"modeles/{template.name}"
    try:
        yield
    except TemplateError:
        known = ", ".join(sorted(name for name, value in names.items() if isinstance(value, str | int)))
        raise ProseError(
            f"{place} : ce qui est entre accolades ne se lit pas, ou n’existe pas ; on peut y écrire {known}"
        ) from None
    except (zipfile.BadZipFile, etree.XMLSyntaxError, KeyError, ValueError):
        raise ProseError(f"{place} n’est pas un document {template.suffix} lisible") from None
