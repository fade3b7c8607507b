"""Re-encodes the pictures of ``contenu``, so that the report contains their pixels and nothing else of the files."""

import base64
import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from pipelines import french
from pipelines.stages.report.prose import ProseError

KINDS = {"PNG": "image/png", "JPEG": "image/jpeg"}
HEAVIEST = 20 * 1024 * 1024  # bytes, before it is made smaller
LARGEST = 40_000_000  # pixels, before it is made smaller
SIDE = 1600  # pixels, after


def picture(path: Path, alternative: str, name: str) -> dict[str, Any]:
    """A PNG or a JPEG as the model of the report holds it; ``name`` is what errors call it. Raises ProseError."""
    if not path.is_file():
        raise ProseError(f"{name} n’existe pas")
    if path.stat().st_size > HEAVIEST:
        raise ProseError(f"{name} dépasse 20 Mo : l’enregistrer en plus petit")
    kind, (width, height), content = encoded(path.read_bytes(), name)
    return {
        "nom": f"image-{french.plain(path.stem)}.{kind.rpartition('/')[2]}",
        "alternatif": alternative,
        "type": kind,
        "largeur": width,
        "hauteur": height,
        "donnees": base64.b64encode(content).decode(),
    }


def encoded(content: bytes, name: str) -> tuple[str, tuple[int, int], bytes]:
    """(media type, width and height in pixels, bytes) of a PNG or a JPEG, upright, no side above ``SIDE``. Raises ProseError."""
    if content.lstrip()[:1] == b"<":
        raise ProseError(f"{name} est un dessin SVG, qui peut contenir un programme : l’enregistrer en PNG ou en JPEG")
    try:
        with Image.open(io.BytesIO(content), formats=list(KINDS)) as opened:
            kind = str(opened.format)
            if opened.width * opened.height > LARGEST:
                raise ProseError(
                    f"{name} a trop de pixels ({opened.width} × {opened.height}) : l’enregistrer en plus petit"
                )
            upright = ImageOps.exif_transpose(opened).convert("RGB" if kind == "JPEG" else "RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, ProseError):
            raise
        raise ProseError(f"{name} n’est ni un PNG ni un JPEG lisible") from None
    upright.thumbnail((SIDE, SIDE))
    bare = Image.new(upright.mode, upright.size)  # without what a file contains besides its pixels
    bare.paste(upright)
    out = io.BytesIO()
    bare.save(out, kind, **({"quality": 85} if kind == "JPEG" else {"optimize": True}))
    return KINDS[kind], bare.size, out.getvalue()
