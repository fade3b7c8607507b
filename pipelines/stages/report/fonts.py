"""The font of the report, Source Sans Pro (SIL Open Font License), for the charts, the PDF and, cut down, the page."""

import base64
import functools
import io
import re
from pathlib import Path

import font_source_sans_pro
from fontTools import subset
from fontTools.ttLib import TTFont

from pipelines.characters import told
from pipelines.stages.report.kept import kept

FAMILY = "Source Sans Pro"
FACES = {  # file → weight, style
    "SourceSansPro-Regular.ttf": (400, "normal"),
    "SourceSansPro-Semibold.ttf": (600, "normal"),
    "SourceSansPro-It.ttf": (400, "italic"),
}
# What French text, its typography and the signs of the tables need; fixed, so that one subset serves every year.
CHARACTERS = [
    *range(0x20, 0x7F),
    *range(0xA0, 0x180),
    *range(0x2010, 0x2028),
    *(0x202F, 0x2030, 0x2039, 0x203A, 0x2070, 0x2074, 0x2079, 0x20AC, 0x2212, 0x2264, 0x2265, 0x02B3, 0x1D49),
    *range(0x2190, 0x219A),
]


def folder() -> Path:
    """Where the font's files are."""
    return Path(font_source_sans_pro.__file__).parent / "files"


@functools.cache
def covered() -> frozenset[int]:
    """The characters that every face can draw, including line ends."""
    faces = [TTFont(folder() / name, lazy=True).getBestCmap().keys() for name in FACES]
    return frozenset({0x09, 0x0A, 0x0D}.union(set.intersection(*map(set, faces))))


def drawable(text: str) -> str:
    """A text in which characters missing from the font are replaced by their number: a PDF missing one is not made."""
    return _missing().sub(lambda found: told(found[0]), text)


@functools.cache
def _missing() -> re.Pattern[str]:
    return re.compile(f"[^{re.escape(''.join(map(chr, sorted(covered()))))}]")


@functools.cache
def font_faces(cache: Path) -> list[dict[str, str]]:
    """Weight, style and base64 WOFF2 of each face, cut down to ``CHARACTERS``."""
    return [
        {"poids": str(weight), "style": style, "woff2": base64.b64encode(_subset(folder() / name, cache)).decode()}
        for name, (weight, style) in FACES.items()
    ]


def _subset(file: Path, cache: Path) -> bytes:
    made_of = file.read_bytes() + repr(CHARACTERS).encode()
    return kept(cache, "woff2", made_of, lambda: _cut(file))


def _cut(file: Path) -> bytes:
    options = subset.Options(flavor="woff2", layout_features=["kern", "liga", "tnum", "lnum"], recalc_timestamp=False)
    font = subset.load_font(str(file), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=CHARACTERS)
    cutter.subset(font)
    out = io.BytesIO()
    subset.save_font(font, out, options)
    return out.getvalue()
