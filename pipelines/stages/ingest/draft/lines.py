"""The lines of a drafted declaration that any table may need: where it is in the file, its headings, its exercice, its totals."""

import itertools
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from pipelines.catalogue.draft.yaml_text import flow, quoted, scalar, todo
from pipelines.stages.ingest.draft.column import YEAR, Guess, says_period
from pipelines.stages.ingest.draft.layout import LAST_TOTAL, Column, Layout
from pipelines.stages.ingest.draft.sample import Sample

DATED = ("date", "datetime", "year")
MONTHS = 7  # most of a year
MANY = 10  # lines a month from which a month without any is strange


def place_lines(sample: Sample) -> list[str]:
    """Where the table is in a file that may hold several: sheets, members of an archive, path of the records."""
    lines = []
    if sheets := sample.sheets:
        doubts = []
        if any(map(YEAR.search, sheets)):
            doubts.append("son nom contient une année : comment s’appelle la feuille d’un autre exercice ?")
        if len(sheets) > 1:
            doubts.append("chacune est attendue : sans l’une d’elles, le fichier est refusé (FIC-FEUILLE)")
            doubts.append("si d’autres peuvent venir, un motif qui ne vaut que pour elles (« Commune * »)")
            doubts.append("ce que dit leur nom est à lire sous header, {sheet: 'Commune (.+)'}")
        lines.append(f"sheet: {flow(sheets) if len(sheets) > 1 else scalar(sheets[0])}" + todo(" ; ".join(doubts)))
    if sample.member:
        pattern, asked = file_pattern(sample.members), "convient-il aux membres de l’archive de chaque exercice ?"
        if len(sample.members) > 1:
            asked += " Ce que dit leur nom est à lire sous header, {file: 'appels_(.+)[.]csv'}"
        lines.append(f"member: {scalar(pattern)}" + todo(asked))
    if sample.records:
        lines.append(f"records: {scalar(sample.records)}")
    return lines


def file_pattern(names: Sequence[str]) -> str:
    """The pattern of files: what follows their common beginning, or the first digit, may change."""
    stems = [re.sub(f"^{YEAR.pattern}", "????", PurePosixPath(name).stem) for name in names]
    alike = itertools.takewhile(lambda letters: len({*letters}) == 1, zip(*stems, strict=False))
    start = re.split(r"\d", "".join(letters[0] for letters in alike))[0].rstrip("_- .")
    return re.sub(r"[\[\]?*]", "?", start) + "*" + PurePosixPath(names[0]).suffix


def header_lines(
    headings: dict[str, str], doubts: dict[str, str], layout: Layout, sample: Sample, exercice: int
) -> list[str]:
    """The headings of the file, each as ``heading_of`` writes it, in the layout that begins with ``exercice``."""
    lines = []
    if not layout.is_sure:
        lines.append(
            "# TODO rien ne distingue la première ligne des suivantes : nomme-t-elle les colonnes ? Sinon, --no-header"
        )
    if places := ", ".join(map(str, layout.unnamed)):
        lines.append(
            f"# TODO sans intitulé, donc laissées de côté : colonnes {places}. Les faire nommer par l’outil ; des intitulés "
            "sur plusieurs lignes se lisent avec --header-rows"
        )
    periods = [column.heading for column in layout.columns if says_period(column.heading)]
    if len(periods) > 1:
        lines.append(
            f"# TODO mois ou années en colonnes, {flow(periods)} : une ligne pour chaque ? "
            "Voir heading et under (docs/adding-a-source.md, « Months, or years, as columns »)"
        )
    if sample.header_rows > 1:
        lines.append(f"headerRows: {sample.header_rows}")
    lines += ["header:", f"  {exercice}:"]
    return lines + [f"    {name}: {heading}" + todo(doubts.get(name, "")) for name, heading in headings.items()]


def heading_of(column: Column) -> str:
    """The heading of a column as a declaration writes it: with its rank when several share it."""
    heading = scalar(column.heading)
    return f"{{column: {heading}, occurrence: {column.occurrence}}}" if column.occurrence else heading


def title_pattern(parts: Sequence[list[str]], exercice: int) -> str | None:
    """``31 décembre {exercice}``: the year of a title line with the two words before it, or those of them that a title of
    every part, a sheet or a member, has too."""
    for title in parts[0]:
        if found := re.search(rf"((?:[\w/.’']+[ \u00a0]){{0,2}}[\w/.-]*?){exercice}(?!\d)", title):
            words = re.findall(r"[^ \u00a0]*[ \u00a0]|[^ \u00a0]+", found[1])
            for start in range(len(words) + 1):
                before = "".join(words[start:])
                if all(any(f"{before}{exercice}" in one for one in titles) for titles in parts):
                    return f"{before}{{exercice}}"
    return None


def last_lines(
    columns: dict[str, Column],
    dated: dict[str, Guess],
    candidates: Iterable[tuple[str, str]],
    layout: Layout,
    exercice: int,
    title: str | None,
) -> list[str]:
    """What follows the fields: how the table proves its exercice, its period, and the lines below the data.

    ``columns`` and ``dated``: those of each field, and of those that hold dates how they are written. ``candidates`` are fields, each
    with the rule that it may follow: ``within`` the exercice, or ``not_after`` it; ``title``, of the export, proves it as well.
    """
    named = {column.place: name for name, column in columns.items()}
    proof = _exercice_lines(dated, candidates, exercice, title)
    return [*proof, *_period_line(dated, exercice), *_ignore_lines(layout, named)]


def _exercice_lines(
    guesses: dict[str, Guess], candidates: Iterable[tuple[str, str]], exercice: int, title: str | None
) -> list[str]:
    """How the content proves its exercice, when a column of the sample does."""
    for name, rule in candidates:
        years = guesses[name].years
        if years and (years == {exercice} if rule == "within" else max(years) <= exercice):
            return [f"exercice: {{column: {name}, rule: {rule}}}"]
    if title:
        return []
    return ["# TODO exercice : aucune colonne de dates ne prouve l’exercice : y en a-t-il une ?"]


def _period_line(guesses: dict[str, Guess], exercice: int) -> list[str]:
    """The table’s period, when a column of dates has lines in most months of the exercice and in no other year."""
    asked = todo("des lignes sont-elles attendues chaque mois ? Un mois sans ligne rend alors les chiffres partiels")
    for name, found in guesses.items():
        seen = {date.month for date in found.dates}
        is_whole = len(seen) >= MONTHS and (max(seen) - min(seen) < len(seen) or len(found.dates) >= MANY * len(seen))
        if is_whole and (not found.has_years or found.years == {exercice}):
            return [f"period: {{column: {name}, every: month}}{asked}"]
    return []


def _ignore_lines(layout: Layout, named: dict[int, str]) -> list[str]:
    """The lines below the data, which are ignored. ``named``: place of a column → its field."""
    rules: dict[str, str] = {}  # what identifies the line → the rule
    unknown = []
    for number, cells in layout.below:
        place = next(i for i, cell in enumerate(cells) if cell.strip())
        word = (re.match(r"[^\W\d_]*", cells[place].strip()) or [""])[0].casefold()
        if place not in named or not word:
            unknown.append(
                f"# TODO ignore : la ligne {number} de l’exemple n’est pas une donnée, et aucune colonne déclarée ne le dit"
            )
            continue
        told = f"column: {named[place]}, pattern: {quoted(f'(?i){word}.*')}"
        asked = f"une ligne de données peut-elle commencer par « {word} » ?"
        if LAST_TOTAL.match(cells[place]):
            asked += " Ajouter sums: [champs dont elle donne la somme], pour la comparer à la nôtre"
        else:
            told += ", reason: commentaire"
        rules[told] = f"  - {{{told}}}" + todo(asked)
    return [*unknown, *(["ignore:", *rules.values()] if rules else [])]


def options_of(name: str, found: Guess) -> dict[str, Any]:
    """The options of a field of that name: an instant is in Paris time, unless the name says that it is universal."""
    is_utc = "timezone" in found.options and name.endswith("_utc")
    return found.options | ({"timezone": "UTC"} if is_utc else {})
