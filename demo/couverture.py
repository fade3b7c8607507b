"""Draws the picture on the cover of the demonstration: the loop of fibre between the five towns, one strand a kilometre.

``python -m demo.couverture`` writes ``contenu/images/couverture.png``. Places are approximate, and the area of a disc
is the population of its town.
"""

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from pipelines.stages.report.fonts import folder

TARGET = Path(__file__).parent / "contenu/images/couverture.png"
WIDTH, HEIGHT, FINER = 1600, 1404, 2  # pixels; drawn larger, for smooth lines
BLUE, STRAND, ACCENT, WHITE = (27, 79, 125), (196, 213, 228), (217, 130, 43), (255, 255, 255)
STRANDS = 31
# place (of 1000 by 877), inhabitants in thousands, side of its name
PLACES = {
    "SICIO": ((503, 171), 0.0, "haut"),
    "Bonneuil-sur-Marne": ((806, 250), 18.3, "haut"),
    "Valenton": ((662, 531), 14.4, "droite"),
    "Villeneuve-le-Roi": ((326, 647), 21.0, "bas"),
    "Orly": ((216, 551), 24.7, "gauche"),
    "Choisy-le-Roi": ((264, 357), 45.9, "gauche"),
}
SWELLS = (46, 40, 34, 26, 30, 38)  # how far the strands part on the way to the next place
UNIT = WIDTH * FINER / 1000


def strand(start: tuple[float, float], end: tuple[float, float], aside: float) -> list[tuple[float, float]]:
    """A curve from one place to the next that leaves the straight line by ``aside`` at its middle, more to its end."""
    (x1, y1), (x2, y2) = start, end
    length = math.hypot(x2 - x1, y2 - y1)
    across = (y1 - y2) / length, (x2 - x1) / length
    points = []
    for step in range(61):
        at = step / 60
        off = aside * math.sin(math.pi * at) * (1 - 0.35 * math.sin(2 * math.pi * at))
        points.append((x1 + (x2 - x1) * at + across[0] * off, y1 + (y2 - y1) * at + across[1] * off))
    return points


def radius(thousands: float) -> float:
    """The radius of a town's disc."""
    return 6.0 * math.sqrt(thousands)


def main() -> None:
    """Draw it."""
    picture = Image.new("RGB", (WIDTH * FINER, HEIGHT * FINER), BLUE)
    veil = Image.new("RGBA", picture.size)
    rings = ImageDraw.Draw(veil)
    for (x, y), thousands, _ in PLACES.values():
        for rank in range(1, 13):
            reach = radius(thousands) * (1 + 0.42 * rank)
            box = [UNIT * side for side in (x - reach, y - reach, x + reach, y + reach)]
            if thousands:
                rings.ellipse(box, outline=(*WHITE, max(52 - 4 * rank, 4)), width=FINER)
    picture.paste(veil, mask=veil)
    draw = ImageDraw.Draw(picture)
    places = [place for place, _, _ in PLACES.values()]
    for rank, swell in enumerate(SWELLS):
        ends = places[rank], places[(rank + 1) % len(places)]
        for number in range(STRANDS):
            share = 2 * number / (STRANDS - 1) - 1
            curve = [(x * UNIT, y * UNIT) for x, y in strand(*ends, swell * (0.35 + share))]
            is_middle = number == STRANDS // 2
            draw.line(curve, fill=ACCENT if is_middle else STRAND, width=FINER * (4 if is_middle else 1), joint="curve")
    font = ImageFont.truetype(str(folder() / "SourceSansPro-Semibold.ttf"), int(20 * UNIT))
    for name, ((x, y), thousands, side) in PLACES.items():
        reach = radius(thousands) or 14
        if thousands:
            draw.ellipse([UNIT * one for one in (x - reach, y - reach, x + reach, y + reach)], fill=WHITE)
        else:
            draw.polygon([(UNIT * a, UNIT * b) for a, b in diamond(x, y, reach)], fill=ACCENT)
        anchor, place = {
            "haut": ("mb", (x, y - reach - 10)),
            "bas": ("mt", (x, y + reach + 12)),
            "gauche": ("rm", (x - reach - 14, y)),
            "droite": ("lm", (x + reach + 14, y)),
        }[side]
        draw.text((place[0] * UNIT, place[1] * UNIT), name, fill=WHITE, font=font, anchor=anchor)
    small = picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    small.quantize(192, dither=Image.Dither.NONE).save(TARGET, optimize=True)


def diamond(x: float, y: float, reach: float) -> list[tuple[float, float]]:
    """The corners of a diamond."""
    return [(x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)]


if __name__ == "__main__":
    main()
