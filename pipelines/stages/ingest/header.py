"""Finds the header line by the names that the declaration expects, never by position."""

from collections.abc import Sequence

from pipelines.catalogue.patterns import same
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.settings import limits

SEARCHED_RECORDS = 40  # a header stands within the first lines: title lines are few


def find_header(records: Sequence[tuple[int, list[str]]], expected: Sequence[str], fichier: str) -> int:
    """Return the index in ``records`` [(line, cells)] of the line that holds every ``expected`` heading.

    Raises DeliveryRefused FIC-ENTETE (which headings are missing from the nearest line), FIC-COLONNE-DOUBLE, or FIC-TAILLE.
    """
    wanted = {same(name): name for name in expected}
    best_index, best_found = None, set()
    for index, (line, cells) in enumerate(records[:SEARCHED_RECORDS]):
        found = wanted.keys() & {same(cell) for cell in cells}
        if len(found) == len(wanted):
            refuse_too_wide(cells, fichier, line)
            _refuse_doubles(cells, wanted, fichier, line)
            return index
        if len(found) > len(best_found):
            best_index, best_found = index, found
    missing = [name for key, name in wanted.items() if key not in best_found]
    if best_index is None:
        raise DeliveryRefused("FIC-ENTETE", fichier=fichier, attendu="colonnes " + ", ".join(expected))
    raise DeliveryRefused(
        "FIC-ENTETE",
        fichier=fichier,
        ligne=records[best_index][0],
        recu=f"{len(best_found)} colonnes reconnues sur {len(wanted)}",
        attendu="colonnes manquantes : " + ", ".join(missing),
    )


def refuse_too_wide(cells: Sequence[str], fichier: str, line: int) -> None:
    """Refuse the file (FIC-TAILLE) when its lines have more cells than the limit."""
    if len(cells) > (most := limits().columns):
        raise DeliveryRefused(
            "FIC-TAILLE", fichier=fichier, ligne=line, recu=f"{len(cells)} colonnes", attendu=f"{most} colonnes au plus"
        )


def _refuse_doubles(cells: list[str], wanted: dict[str, str], fichier: str, line: int) -> None:
    seen = set()
    for cell in map(same, cells):
        if cell in wanted and cell in seen:
            raise DeliveryRefused(
                "FIC-COLONNE-DOUBLE",
                fichier=fichier,
                ligne=line,
                colonne=wanted[cell],
                attendu="une seule colonne",
            )
        seen.add(cell)


def check_title(titles: Sequence[tuple[int, list[str]]], pattern: str | None, exercice: int, fichier: str) -> None:
    """Refuse the file (FIC-EXERCICE) when no title line holds the declared text for this exercice."""
    if pattern is None:
        return
    text = pattern.format(exercice=exercice)
    if not any(text in cell for _, cells in titles for cell in cells):
        raise DeliveryRefused("FIC-EXERCICE", fichier=fichier, ligne=1, attendu=f"un titre qui contient « {text} »")
