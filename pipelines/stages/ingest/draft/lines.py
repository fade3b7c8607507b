"""The lines of a drafted declaration that any table may need: where it is in the file, its headings, its exercice, its totals."""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from pipelines.catalogue.draft.yaml_text import flow, option, quoted, scalar, todo
from pipelines.catalogue.patterns import same
from pipelines.catalogue.source_grammar import WORKBOOKS
from pipelines.french import MONTHS as MONTH_NAMES
from pipelines.stages.ingest.draft.column import (
    YEAR,
    Guess,
    are_parts_of_a_year,
    guess,
    length,
    months,
    period_in,
    read,
)
from pipelines.stages.ingest.draft.layout import LAST_TOTAL, Column, Layout
from pipelines.stages.ingest.draft.sample import Sample

MONTHS = 7  # most of a year
FEW = 3  # months that are columns
MANY = 10  # lines a month from which a month without any is strange


def place_lines(sample: Sample, *, has_period: bool) -> list[str]:
    """Where the table is in a file that may hold several: sheet, member of an archive, path of the records."""
    lines = []
    if sample.sheet:
        lines.append(_sheet_line(sample.sheets, sample.is_among_years, has_period))
    if sample.member:
        pattern = common_pattern(sample.members)
        lines.append(f"member: {scalar(pattern)}" + todo("convient-il aux membres de l’archive de chaque exercice ?"))
    if sample.records:
        lines.append(f"records: {scalar(sample.records)}")
    return lines


def _sheet_line(names: list[str], is_among_years: bool, has_period: bool) -> str:
    """The sheets, by what their names have in common, else one by one; a pattern accepts any year, unless others are there.

    One by one, each is expected. So are the sheets of a month or a quarter, unless the dates of the table say which lack.
    """

    def pattern(text: str) -> str:
        return re.sub(r"[][?*]", "?", text if is_among_years else YEAR.sub("????", text))

    doubts = []
    before, after = around(names)
    is_year = are_parts_of_a_year(names)
    start = _beginning(names) if is_year and len(set(map(len, names))) == 1 else ""  # T1, T2…
    if len(names) == 1:
        sheets = scalar(names[0])
    elif is_year and not (has_period and (before or after or start)):
        sheets = flow(map(pattern, names))
        doubts.append("chacune est attendue : sans l’une d’elles, le fichier est refusé (FIC-FEUILLE)")
    elif before or after or (start and has_period):
        whole = f"{pattern(before)}*{pattern(after)}" if before or after else pattern(start.ljust(len(names[0]), "?"))
        sheets = scalar(whole)
        doubts.append("convient-il aux feuilles de chaque exercice, et à elles seules ?")
    else:
        sheets = flow(names)
        doubts.append(
            "une feuille de plus une autre année serait à nommer ici, ou par un motif qui ne vaut que pour elles"
        )
    if YEAR.search(sheets):
        doubts.insert(0, "son nom contient une année : comment s’appelle la feuille d’un autre exercice ?")
    return f"sheet: {sheets}{todo(' ; '.join(doubts))}"


def around(names: Sequence[str]) -> tuple[str, str]:
    """The whole words that several names have in common at the beginning and at the end."""
    if len(names) < 2:
        return "", ""
    before, after = _beginning(names), _beginning([name[::-1] for name in names])[::-1]
    before, after = re.sub(r"[^\W_]+$", "", before), re.sub(r"^[^\W_]+", "", after)
    return before, "" if len(before) + len(after) >= min(map(len, names)) else after


def _beginning(texts: Sequence[str]) -> str:
    """Their common beginning."""
    return "".join(one[0] for one in itertools.takewhile(lambda c: len(set(c)) == 1, zip(*texts, strict=False)))


def named_by(sample: Sample) -> tuple[str, str, str] | None:
    """What distinguishes parts read together: ``sheet`` or ``file``, its French name, and the pattern of the part that
    differs."""
    for key, title, names in (
        ("sheet", "Feuille", sample.sheets),
        ("file", "Fichier", [PurePosixPath(member).name for member in sample.members]),
    ):
        if len(names) > 1:
            before, after = around(names) if not months(names) else ("", "")  # a month keeps its year
            return key, title, f"{_literally(before)}(.+){_literally(after)}"
    return None


def _literally(text: str) -> str:
    """The pattern of a text, escaping only what a pattern would interpret; any year matches a year."""
    return YEAR.sub(r"\\d{4}", re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text))


def common_pattern(names: Sequence[str]) -> str:
    """The file pattern that names suggest: what follows their common beginning, or the first digit, may change."""
    stems = [re.sub(f"^{YEAR.pattern}", "????", PurePosixPath(name).stem) for name in names]
    start = re.split(r"\d", _beginning(stems))[0].rstrip("_- .")
    return re.sub(r"[\[\]?*]", "?", start) + "*" + PurePosixPath(names[0]).suffix


@dataclass(frozen=True)
class Spread:
    """Columns that are each a month, of one measure or of each of several: every line of the table becomes one line for each of
    them."""

    columns: list[Column]
    months: Guess  # how their headings are written
    cells: Guess  # how their cells are
    month: str  # the pattern of what their headings say of the month
    measure: str  # the same of the measure
    measures: list[str]  # none when the headings are months alone
    total: str | None  # the pattern of the columns beside them that are their sum on most lines
    ignored: str | None  # the same of those that are called a total and are not


def months_as_columns(layout: Layout, sample: Sample) -> tuple[Spread | None, Layout]:
    """The months that are columns of numbers, and the layout without them; None when there are fewer than three of a measure."""
    found = [(c, said) for c in layout.columns if not c.occurrence and (said := period_in(c.heading))]
    found = [(column, said) for column, said in found if length(said[1]) == 1]
    found = [(column, said) for column, said in found if column.heading == said[1]] or found  # months alone go first
    columns, written = [column for column, _ in found], list(dict.fromkeys(month for _, (_, month, _) in found))
    measures = sorted({before or after for _, (before, _, after) in found} - {""})
    orders = {bool(before) for _, (before, _, _) in found}
    is_grid = len(written) * max(len(measures), 1) == len(columns) and len(orders) == 1
    guessed = months(written) if len(written) >= FEW and is_grid and sample.has_header and not sample.is_named else None
    cells = guess("", [cell for column in columns for cell in column.cells], workbook=sample.type in WORKBOOKS)
    others = [column for column in layout.columns if column not in columns]
    totals = [c for c in others if any(LAST_TOTAL.match(c.heading.removeprefix(one)) for one in ("", *measures))]
    rest = [column for column in others if column not in totals]
    if not guessed or cells.type not in ("integer", "number") or not rest:
        return None, layout
    names = [month.capitalize() for month in MONTH_NAMES]
    seen = names if {same(month) for month in written} <= {same(name) for name in names} else written
    month, measure = "|".join(map(_literally, seen)), "|".join(map(_literally, measures))
    patterns = (f"({month}) (?:{measure})", f".+ ({measure})") if measures else (f"({month})", "")
    if True in orders:
        patterns = f"(?:{measure}) ({month})", f"({measure}) .+"
    measures = measures if len(measures) > 1 else []
    total, summed = _confirmed(totals, found, measures, cells, sample)
    ignored = "|".join(_literally(column.heading) for column in totals if column not in summed) or None
    return Spread(columns, guessed, cells, *patterns, measures, total, ignored), replace(layout, columns=rest)


def _confirmed(
    totals: Sequence[Column],
    found: Sequence[tuple[Column, tuple[str, str, str]]],
    measures: Sequence[str],
    cells: Guess,
    sample: Sample,
) -> tuple[str | None, list[Column]]:
    """The columns that are on most lines the sum of the months, or of those of the measure that they name, which their pattern keeps."""
    way = {"type": cells.type, "decimals": 6, **cells.options}

    def values(column: Column) -> list[Any]:
        return read([cell.strip() for cell in column.cells], way, workbook=sample.type in WORKBOOKS)

    patterns, confirmed = [], []
    for column in totals:
        measure = next((one for one in measures if one in column.heading), "")
        summed = [values(month) for month, (before, _, after) in found if measure in ("", before or after)]
        ours = [sum(value or 0 for value in line) for line in zip(*summed, strict=True)]
        told = [said == own for said, own in zip(values(column), ours, strict=True) if said is not None]
        if 2 * sum(told) > len(told):
            word = _literally(measure)
            patterns.append(
                _literally(column.heading).replace(word, f"({word})") if word else _literally(column.heading)
            )
            confirmed.append(column)
    return "|".join(patterns) or None, confirmed


def spread_lines(spread: Spread, taken: Iterable[str]) -> tuple[list[str], list[str], list[str], str]:
    """The headings and the fields of months that are columns, the names of the fields that tell the rows of a line apart, the
    month last, and that of the cell."""
    measure, month, value = (name if name not in taken else f"{name}_2" for name in ("mesure", "mois", "nombre"))
    ignored = f", ignore: {quoted(spread.ignored)}" if spread.ignored else ""
    total = f", total: {quoted(spread.total)}" if spread.total else ""
    headings = [
        f"    {month}: {{heading: {quoted(spread.month)}{ignored}}}"
        + todo(
            f"« {spread.ignored} » n’est pas la somme des mois de l’exemple : à écarter ?" if spread.ignored else ""
        ),
        f"    {value}: {{under: {month}, empty: skip{total}}}"
        + todo("une cellule vide n’est rien (skip) ; zéro (zero), ou une erreur (refuse) ?"),
    ]
    written = "".join(f", {key}: {option(said)}" for key, said in spread.cells.options.items())
    fields = [
        f"  - {{name: {month}, title: Mois, type: date, format: {option(spread.months.options['format'])}, "
        "constraints: {required: true}}",
        f"  - {{name: {value}, title: Nombre, type: {spread.cells.type}{written}, constraints: {{required: true}}}}"
        + todo("que compte chaque cellule ? Le nommer, ici et dans header"),
    ]
    if not spread.measures:
        return headings, fields, [month], value
    headings.insert(0, f"    {measure}: {{heading: {quoted(spread.measure)}}}")
    words = f"constraints: {{required: true, enum: {flow(spread.measures)}}}"
    asked = todo(f"des mesures qui ne s’ajoutent pas : un chiffre est de l’une d’elles (figure new --only {measure}=…)")
    fields.insert(0, f"  - {{name: {measure}, title: Mesure, {words}}}{asked}")
    return headings, fields, [measure, month], value


def header_lines(headings: dict[str, str], doubts: dict[str, str], layout: Layout, exercice: int) -> list[str]:
    """The headings of the file, each as ``heading_of`` writes it, in the layout that begins with ``exercice``."""
    lines = []
    if not layout.is_sure:
        lines.append(
            "# TODO rien ne distingue la première ligne des suivantes : nomme-t-elle les colonnes ? Sinon, --no-header"
        )
    if places := ", ".join(map(str, layout.unnamed)):
        lines.append(f"# TODO sans intitulé, donc laissées de côté : colonnes {places}. Les faire nommer par l’outil")
    periods = [column.heading for column in layout.columns if period_in(column.heading)]
    if len(periods) > 1:
        lines.append(
            f"# TODO mois ou années en colonnes, {flow(periods)} : une ligne pour chaque ? "
            "Voir heading et under (docs/adding-a-source.md, « Months, or years, as columns »)"
        )
    if layout.header_rows > 1:
        lines.append(f"headerRows: {layout.header_rows}" + todo("l’intitulé d’un groupe, puis ceux de ses colonnes ?"))
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


def exercice_lines(
    guesses: dict[str, Guess], candidates: Iterable[tuple[str, str]], exercice: int, title: str | None
) -> list[str]:
    """How the content proves its exercice, when a column of the sample does; ``title``, of the export, proves it as well.

    ``candidates`` are fields, each with the rule that it may follow: ``within`` the exercice, or ``not_after`` it.
    """
    for name, rule in candidates:
        years = guesses[name].years
        if years and (years == {exercice} if rule == "within" else max(years) <= exercice):
            return [f"exercice: {{column: {name}, rule: {rule}}}"]
    if title:
        return []
    return ["# TODO exercice : aucune colonne de dates ne prouve l’exercice : y en a-t-il une ?"]


def period_line(guesses: dict[str, Guess], exercice: int) -> list[str]:
    """The table’s period, when a column of dates has lines in most months of the exercice and in no other year."""
    asked = todo("des lignes sont-elles attendues chaque mois ? Un mois sans ligne rend alors les chiffres partiels")
    for name, found in guesses.items():
        seen = {date.month for date in found.dates}
        is_whole = len(seen) >= MONTHS and (max(seen) - min(seen) < len(seen) or len(found.dates) >= MANY * len(seen))
        if is_whole and (not found.has_years or found.years == {exercice}):
            return [f"period: {{column: {name}, every: month}}{asked}"]
    return []


def ignore_lines(layout: Layout, sample: Sample, named: dict[int, str], numbers: dict[int, Column]) -> list[str]:
    """The lines below the data: ignored, except that a total which the sample confirms is compared with ours.

    ``named``: place → field, the same for columns that become rows; ``numbers``: the columns that may be summed, by place.
    """
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
        if told not in rules:
            others = {at: cell for at, cell in enumerate(cells) if at in named and at != place and cell.strip()}
            totals, doubts = _totals(layout, sample, others, named, numbers)
            reason = [] if LAST_TOTAL.match(cells[place]) else ["reason: commentaire"]
            doubts.insert(0, f"une ligne de données peut-elle commencer par « {word} » ?")
            rules[told] = f"  - {{{', '.join([told, *reason, *totals])}}}" + todo(" ".join(doubts))
    return [*unknown, *(["ignore:", *rules.values()] if rules else [])]


def _totals(
    layout: Layout, sample: Sample, announced: dict[int, str], named: dict[int, str], numbers: dict[int, Column]
) -> tuple[list[str], list[str]]:
    """``sums`` and ``counts`` of a total line when the sample confirms them, else a doubt."""
    is_sum: dict[str, bool] = {}
    counts = []
    for place, text in announced.items():
        name = named[place]
        if place in numbers:
            found = numbers[place].guess
            way = {"type": found.type, "decimals": 6, **found.options}
            (total,) = read([text.strip()], way, workbook=sample.type in WORKBOOKS)
            ours = sum(value or 0 for value in found.values[: layout.first])  # each sheet has totals of its own
            is_sum[name] = is_sum.get(name, True) and total == ours
        elif re.sub(r"\D", "", text) == str(layout.first):
            counts.append(name)
    sums = [name for name, confirmed in is_sum.items() if confirmed]
    doubts = [
        f"Ajouter sums: [{name}] ? Ce n’est pas la somme des lignes, ou c’est écrit autrement."
        for name, confirmed in is_sum.items()
        if not confirmed
    ]
    said_of = (("sums", sums), ("counts", counts))
    return [f"{key}: [{', '.join(names)}]" for key, names in said_of if names], doubts
