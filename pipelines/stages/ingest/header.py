"""Finds the line or lines of headings by the names that the declaration expects, never by position."""

from collections.abc import Iterator, Sequence

from pipelines.catalogue.headings import joined, told_apart
from pipelines.catalogue.pattern_words import in_words
from pipelines.catalogue.patterns import same
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.source_grammar import Table
from pipelines.french import how_many
from pipelines.settings import limits
from pipelines.stages.ingest.draft.persons import is_person, is_value
from pipelines.stages.ingest.parts_of_cells import gives_rows

SEARCHED_RECORDS = 40  # a header is within the first lines: title lines are few
FEW = 12  # headings that a refusal lists
SEVERAL = 2  # cells: a title is one


def find_header(
    records: Sequence[tuple[int, list[str]]], table: Table, exercice: int, fichier: str
) -> tuple[int, int, list[str]]:
    """Return the indexes in ``records`` [(line, cells)] of the first and last line of headings, and those of each column.

    They are on one line, or on as many as ``table`` says, with every heading that it needs. When columns give rows and
    no other heading is needed by name, it is the first line of several cells one of which gives rows, or failing that
    of one cell: a title may look like a heading. Raises DeliveryRefused FIC-ENTETE (which headings the nearest line is
    missing), FIC-COLONNE-DOUBLE, or FIC-TAILLE.
    """
    expected, origins = table.headings_of(exercice), table.origins_of(exercice)
    read = {same(name): name for name in table.columns_of(exercice)}
    wanted = {same(name): name for name in expected}
    spread = [] if expected else [origin for origin in origins.values() if origin.heading]
    best_line, best_found, best = None, set[str](), list[str]()
    for least in (SEVERAL, 1) if spread else (0,):
        for first, last, headings in _candidates(records, table.header_rows_of(exercice), read, fichier):
            found = wanted.keys() & set(map(same, headings))
            is_wide = sum(1 for heading in headings if heading.strip()) >= least
            if len(found) == len(wanted) and (not spread or (is_wide and gives_rows(headings, origins.values()))):
                _refuse_doubles(headings, read, fichier, records[first][0])
                return first, last, headings
            if len(found) > len(best_found):
                best_line, best_found, best = records[first][0], found, headings
    if best_line is None:
        forms = f"de la forme {' et '.join(in_words(origin.heading or '') for origin in spread)}"
        raise DeliveryRefused(
            "FIC-ENTETE", fichier=fichier, attendu=f"colonnes {forms if spread else ', '.join(expected)}"
        )
    missing = [name for key, name in wanted.items() if key not in best_found]
    known = f"{how_many(len(best_found), 'colonne reconnue|colonnes reconnues')} sur {len(wanted)}"
    if 2 * len(best_found) >= len(wanted):  # otherwise the line may be data
        known += _others(best, read)
    raise DeliveryRefused(
        "FIC-ENTETE",
        fichier=fichier,
        ligne=best_line,
        recu=known,
        attendu="colonnes manquantes : " + ", ".join(missing),
    )


def _others(headings: Sequence[str], read: dict[str, str]) -> str:
    """The headings of a line that no field reads, as a refusal lists them; one that may be a person is not shown."""
    others = [heading for heading in headings if heading.strip() and same(heading) not in read]
    shown = ["*" if is_value(heading) or is_person(heading) else heading for heading in others[:FEW]]
    more = ", …" if len(others) > FEW else ""
    return f" ; les autres : {', '.join(shown)}{more}" if shown else ""


def _candidates(
    records: Sequence[tuple[int, list[str]]], rows: int, read: dict[str, str], fichier: str
) -> Iterator[tuple[int, int, list[str]]]:
    """The candidates for the line, or the ``rows`` lines, of headings: first, last, and the heading of each column."""
    filled = [at for at, (_, cells) in enumerate(records[:SEARCHED_RECORDS]) if any(map(str.strip, cells))]
    for index in range(len(filled) - rows + 1):
        places = filled[index : index + rows]
        for at in places:
            refuse_too_wide(records[at][1], fichier, records[at][0])
        yield places[0], places[-1], told_apart(joined([records[at][1] for at in places]), read)


def refuse_too_wide(cells: Sequence[str], fichier: str, line: int) -> None:
    """Refuse the file (FIC-TAILLE) when its lines have more cells than the limit."""
    if len(cells) > (most := limits().columns):
        raise DeliveryRefused(
            "FIC-TAILLE",
            fichier=fichier,
            ligne=line,
            recu=how_many(len(cells), "colonnes"),
            attendu=f"{most} colonnes au plus",
        )


def _refuse_doubles(headings: list[str], read: dict[str, str], fichier: str, line: int) -> None:
    seen = set()
    for heading in map(same, headings):
        if heading in read and heading in seen:
            raise DeliveryRefused(
                "FIC-COLONNE-DOUBLE", fichier=fichier, ligne=line, colonne=read[heading], attendu="une seule colonne"
            )
        seen.add(heading)


def set_apart(records: Sequence[tuple[int, list[str]]], first: int, last: int) -> list[tuple[int, str]]:
    """The lines down to the last one of the headings, which begin at ``first``: [(line, why it is not data)]."""
    return [
        (line, "ligne vide" if not any(map(str.strip, cells)) else "titre" if at < first else "en-tête")
        for at, (line, cells) in enumerate(records[: last + 1])
    ]


def check_title(titles: Sequence[tuple[int, list[str]]], pattern: str | None, exercice: int, fichier: str) -> None:
    """Refuse the file (FIC-EXERCICE) when no title line holds the declared text for this exercice."""
    if pattern is None:
        return
    text = pattern.format(exercice=exercice)
    if not any(text in cell for _, cells in titles for cell in cells):
        raise DeliveryRefused("FIC-EXERCICE", fichier=fichier, ligne=1, attendu=f"un titre qui contient « {text} »")
