"""Writes .ods workbooks as LibreOffice lays them out, and hostile ones too."""

import datetime as dt
import zipfile
from html import escape
from pathlib import Path

CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" office:version="1.2">
<office:automatic-styles><style:style style:name="cachee" style:family="table"><style:table-properties table:display="false"/>
</style:style></office:automatic-styles>
<office:body><office:spreadsheet>{}</office:spreadsheet></office:body></office:document-content>"""
MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">
<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml">{}</manifest:file-entry></manifest:manifest>"""


class Xml(str):
    """A cell, or a row, written as it is."""


def write_ods(path: Path, sheets: dict[str, list], *, hidden: tuple[str, ...] = (), encrypted: bool = False) -> Path:
    """Write a workbook: sheet name → rows of cells (None is no cell)."""
    body = "".join(_sheet(name, rows, is_hidden=name in hidden) for name, rows in sheets.items())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", CONTENT.format(body))
        archive.writestr("META-INF/manifest.xml", MANIFEST.format("<manifest:encryption-data/>" if encrypted else ""))
    return path


def _sheet(name: str, rows: list, *, is_hidden: bool) -> str:
    style = ' table:style-name="cachee"' if is_hidden else ""
    lines = "".join(row if isinstance(row, Xml) else _row(row) for row in rows)
    rest = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="1024"/></table:table-row>'
    return f'<table:table table:name="{escape(name)}"{style}>{lines}{rest}</table:table>'


def _row(cells: list) -> str:
    return f"<table:table-row>{''.join(map(_cell, cells))}</table:table-row>"


def _cell(value: object) -> str:
    if isinstance(value, Xml):
        return value
    if value is None:
        return "<table:table-cell/>"
    kind, said = "string", ""
    if isinstance(value, bool):
        kind, said = "boolean", f' office:boolean-value="{str(value).lower()}"'
    elif isinstance(value, int | float):
        kind, said = "float", f' office:value="{value!r}"'
    elif isinstance(value, dt.date):
        kind, said = "date", f' office:date-value="{value.isoformat()}"'
    shown = "" if isinstance(value, str) and not value else f"<text:p>{escape(str(value))}</text:p>"
    return f'<table:table-cell office:value-type="{kind}"{said}>{shown}</table:table-cell>'


def formula(shown: str = "", *, error: bool = False) -> Xml:
    """A formula with a text for result, or an error, or none at all."""
    if error:
        return Xml(
            '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" '
            f'calcext:value-type="error"><text:p>{shown}</text:p></table:table-cell>'
        )
    if not shown:
        return Xml('<table:table-cell table:formula="of:=A1"/>')
    return Xml(
        f'<table:table-cell table:formula="of:=A1" office:value-type="string"><text:p>{shown}</text:p></table:table-cell>'
    )
