"""Drafts the declaration of one table from a sample: the lines common to all tables, and a table with fields of its own.

``draft_shape`` drafts a table of a shape, and ``source`` the rest of the declaration.
"""

import itertools
import json
import re
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath

from pipelines.catalogue.headings import climbed
from pipelines.catalogue.scaffold.inference import (
    KEY_WORDS,
    SPACES,
    YEAR,
    Guess,
    are_parts_of_a_year,
    date_of,
    has_years,
    is_login,
    is_value,
    kept_in,
    length,
    may_be_a_person,
    months,
    names_members,
    of,
    period_in,
    personal,
    persons_in,
    slug,
    words,
    year_of,
)
from pipelines.catalogue.scaffold.sample import TOTAL, Column, Layout, Sample
from pipelines.catalogue.scaffold.yaml_text import flow, option, scalar, todo
from pipelines.catalogue.source_grammar import WORKBOOKS

PERIODS = {1: ("mois", "mois"), 3: ("trimestres", "trimestre"), 6: ("semestres", "semestre"), 12: ("années", "annee")}
MONTHS = 7  # most of a year
MANY = 10  # lines a month from which a month without any is strange
TAKEN = {"exercice"}  # a column that the lake adds to every row
SUM = re.compile(r"(sous[- ]?)?(total|totaux|cumul|ensemble|moyenne)\b", re.IGNORECASE)  # of other columns
# Words that SQL keeps for itself.
RESERVED = frozenset(
    """
    all analyse analyze and any array as asc asymmetric both case cast check collate column
    constraint create default deferrable desc describe distinct do else end except false fetch for
    foreign from group having in initially intersect into lambda lateral leading limit not null
    offset on only or order pivot placing primary qualify references returning select show some
    summarize symmetric table then to trailing true union unique unpivot using variadic when where
    window with
    """.split()
)


def place_lines(sample: Sample, has_period: bool) -> list[str]:
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

    One by one, each is expected. So are the sheets of a month or a quarter, one by one unless the table has a period.
    """
    doubts = []
    before, after = around(names)
    is_year = are_parts_of_a_year(names)
    start = _beginning(names) if is_year and len(set(map(len, names))) == 1 else ""  # T1, T2…

    def pattern(text: str) -> str:
        return re.sub(r"[][?*]", "?", text if is_among_years else YEAR.sub("????", text))

    if len(names) == 1:
        said = scalar(names[0])
    elif (before or after) and (has_period or not is_year):
        said = scalar(f"{pattern(before)}*{pattern(after)}")
        doubts.append("convient-il aux feuilles de chaque exercice, et à elles seules ?")
    elif start and has_period:
        said = scalar(pattern(start.ljust(len(names[0]), "?")))
        doubts.append("convient-il aux feuilles de chaque exercice, et à elles seules ?")
    elif is_year:
        found = months(names)
        said = flow(map(pattern, sorted(names, key=lambda one: (found and date_of(found, one), one))))
        doubts.append("chacune est attendue : sans l’une d’elles, le fichier est refusé (FIC-FEUILLE)")
    else:
        said = flow(names)
        doubts.append("une feuille de plus une autre année ? « * » lit toutes celles que unread ne nomme pas")
    if YEAR.search(said):
        doubts.insert(0, "son nom contient une année : comment s’appelle la feuille d’un autre exercice ?")
    return f"sheet: {said}{todo(' ; '.join(doubts), bool(doubts))}"


def around(names: Sequence[str]) -> tuple[str, str]:
    """The whole words that several names have in common at the beginning and at the end."""
    if len(names) < 2:
        return "", ""
    before, after = _beginning(names), _beginning([name[::-1] for name in names])[::-1]
    before, after = re.sub(r"[^\W_]+$", "", before), re.sub(r"^[^\W_]+", "", after)
    return before, "" if len(before) + len(after) >= min(map(len, names)) else after


def named_by(sample: Sample) -> tuple[str, str, str] | None:
    """What distinguishes parts read together: ``sheet`` or ``file``, its French name, and the pattern of the part that
    differs."""
    for key, title, names in (
        ("sheet", "Feuille", sample.sheets),
        ("file", "Fichier", [PurePosixPath(member).name for member in sample.members]),
    ):
        if len(names) > 1:
            before, after = around(names) if not months(names) else ("", "")  # a month keeps its year
            return key, title, f"{literally(before)}(.+){literally(after)}"
    return None


def literally(text: str) -> str:
    """The pattern of a text, escaping only what a pattern would interpret; any year matches a year."""
    return YEAR.sub(r"\\d{4}", re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text))


def _beginning(texts: Sequence[str]) -> str:
    """Their common beginning."""
    return "".join(one[0] for one in itertools.takewhile(lambda c: len(set(c)) == 1, zip(*texts, strict=False)))


def common_pattern(names: Sequence[str]) -> str:
    """The file pattern that names suggest: what follows their common beginning, or the first digit, may change."""
    stems = [re.sub(f"^{YEAR.pattern}", "????", PurePosixPath(name).stem) for name in names]
    start = re.split(r"\d", _beginning(stems))[0].rstrip("_- .")
    return re.sub(r"[\[\]?*]", "?", start) + "*" + PurePosixPath(names[0]).suffix


def header_lines(headings: dict[str, str], layout: Layout, exercice: int, doubts: dict[str, str]) -> list[str]:
    """The headings of the file, each as ``heading_of`` writes it, in the layout that begins with ``exercice``."""
    lines = []
    if layout.header_rows > 1:
        lines.append(f"headerRows: {layout.header_rows}" + todo("l’intitulé d’un groupe, puis ceux de ses colonnes ?"))
    lines += ["header:", f"  {exercice}:"]
    for name, heading in headings.items():
        lines.append(f"    {name}: {heading}" + todo(doubts.get(name, ""), name in doubts))
    return lines


def heading_of(column: Column) -> str:
    """The heading of a column as a declaration writes it: with its rank when several share it."""
    said = scalar(column.heading)
    return f"{{column: {said}, occurrence: {column.occurrence}}}" if column.occurrence else said


def unnamed_lines(layout: Layout) -> list[str]:
    """A TODO for columns without a heading, which nothing reads."""
    places = ", ".join(map(str, layout.unnamed))
    return (
        [f"# TODO sans intitulé, donc laissées de côté : colonnes {places}. Les faire nommer par l’outil"]
        if places
        else []
    )


def period_parts(columns: Sequence[Column]) -> tuple[dict[str, str], list[str]]:
    """Heading → the month, quarter, semester or year that it ends with; and the headings that sum them, such as ``Total 2024``.

    Beside months, a quarter or a year is one of these.
    """
    parts = {column.heading: part for column in columns if (part := period_in(column.heading))}
    shortest = min((length(part) or 0 for part in parts.values()), default=0)
    totals = [h for h, part in parts.items() if SUM.match(h) or length(part) != shortest]
    return {heading: part for heading, part in parts.items() if heading not in totals}, totals


def period_lines(layout: Layout, sample: Sample) -> list[str]:
    """What to decide about columns that are each a month, a quarter, a semester or a year: another export has others."""
    parts, totals = period_parts(layout.columns)
    headings, said = list(parts), set(parts.values())
    if len(said) < 2:
        return []
    word, name = PERIODS[length(next(iter(said))) or 1]
    groups = sorted({heading.removesuffix(part).strip() for heading, part in parts.items()})
    told = f"# TODO {word} en colonnes, {flow(headings)} : "
    if sample.type not in ("csv", *WORKBOOKS):
        return [
            told + "un autre export en a d’autres, que rien ne lit. Demander à l’outil un enregistrement pour chaque"
        ]
    pattern = r"(\d{4})" if name == "annee" else "(.+)"
    patterns = {name: f"{literally(groups[0])} {pattern}".strip()}
    if len(groups) > 1:
        among = "|".join(map(literally, groups))
        patterns = {"mesure": f"({among}) {pattern.replace('(', '(?:')}", name: f"(?:{among}) {pattern}"}
    quoted = {field: one.replace("'", "''") for field, one in patterns.items()}
    read = ", ".join(f"{field}: {{heading: '{one}'}}" for field, one in quoted.items())
    summed = f" ; retirer {flow(totals)}, qui les compteraient deux fois, et les nommer dans ignore" if totals else ""
    return [
        f"{told}une ligne pour chaque ? Dans header, à leur place, {read} et valeur: {{under: {name}}} ; "
        f"tous dans fields ; {' et '.join(patterns)} dans primaryKey{summed} (docs/catalogue.md)"
    ]


def title_pattern(titles: list[str], exercice: int) -> str | None:
    """``31 décembre {exercice}``: the year of a title line with the two words before it."""
    for title in titles:
        if found := re.search(rf"((?:[\w/.’']+[ \u00a0]){{0,2}}[\w/.-]*?){exercice}(?!\d)", title):
            return f"{found[1]}{{exercice}}"
    return None


def exercice_lines(
    columns: dict[str, Column], candidates: list[tuple[str, str]], layout: Layout, exercice: int
) -> list[str]:
    """How the content proves its exercice, when a column of the sample does; a title may prove it as well."""
    for name, rule in candidates:
        found, years = columns[name].guess, set[int]()
        if found.type in ("date", "datetime", "year"):
            cells = [cell for cell in columns[name].cells if cell not in ("", *found.missing)]
            years = {year for cell in cells if (year := year_of(found, cell)) is not None}
        if years and (years == {exercice} if rule == "within" else max(years) <= exercice):
            return [f"exercice: {{column: {name}, rule: {rule}}}"]
    if title_pattern(layout.titles, exercice):
        return []
    return ["# TODO exercice : aucune colonne de dates ne prouve l’exercice : y en a-t-il une ?"]


def period_line(columns: dict[str, Column], names: Iterable[str], exercice: int) -> list[str]:
    """The table’s period, when a column of dates has lines in most months of the exercice and in no other year."""
    name = next((name for name in names if _runs_over_the_year(columns[name], exercice)), None)
    asked = todo("des lignes sont-elles attendues chaque mois ? Un mois sans ligne rend alors les chiffres partiels")
    return [f"period: {{column: {name}, every: month}}{asked}"] if name else []


def _runs_over_the_year(column: Column, exercice: int) -> bool:
    if column.guess.type not in ("date", "datetime"):
        return False
    dates = [date for cell in column.cells if (date := date_of(column.guess, cell))]
    seen = {date.month for date in dates}
    return (
        (not has_years(column.guess) or {date.year for date in dates} == {exercice})
        and len(seen) >= MONTHS
        and (max(seen) - min(seen) < len(seen) or len(dates) >= MANY * len(seen))
    )


def ignore_lines(layout: Layout, named: dict[int, str], numbers: dict[str, Column]) -> list[str]:
    """The lines below the data: ignored, except that a total which the sample confirms is compared with ours."""
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
        pattern = json.dumps(f"(?i){word}.*", ensure_ascii=False)
        told = f"column: {named[place]}, pattern: {pattern}"
        if told not in rules:
            totals, doubts = _totals(layout, cells, place, named, numbers)
            reason = [] if TOTAL.match(cells[place]) else ["reason: commentaire"]
            doubts.insert(0, f"une ligne de données peut-elle commencer par « {word} » ?")
            rules[told] = f"  - {{{', '.join([told, *reason, *totals])}}}" + todo(" ".join(doubts))
    return [*unknown, *(["ignore:", *rules.values()] if rules else [])]


def _totals(
    layout: Layout, cells: list[str], place: int, named: dict[int, str], numbers: dict[str, Column]
) -> tuple[list[str], list[str]]:
    """``sums`` and ``counts`` of a total line when the sample confirms them, else a doubt."""
    found: dict[str, list[str]] = {"sums": [], "counts": []}
    doubts = []
    for other, cell in enumerate(cells):
        name, text = named.get(other), cell.strip(SPACES)
        if other == place or not text or name is None:
            continue
        if name in numbers:
            column = numbers[name]
            lines = column.cells[: layout.first]  # each sheet, or member, has totals of its own
            ours = sum(_amount(c, column.guess) or 0 for c in lines if c not in column.guess.missing)
            if _amount(text, column.guess) == ours:
                found["sums"].append(name)
            else:
                doubts.append(f"Ajouter sums: [{name}] ? Il annonce {text}, les lignes de l’exemple font {ours}.")
        elif re.sub(r"\D", "", text) == str(layout.first):
            found["counts"].append(name)
    return [f"{key}: [{', '.join(names)}]" for key, names in found.items() if names], doubts


def _amount(text: str, found: Guess) -> Decimal | None:
    """The number in a cell, exact; None when it is not one."""
    plain = re.sub(f"[{SPACES}]", "", text).replace("\u2212", "-").removesuffix(str(found.options.get("suffix", "")))
    if group := found.options.get("groupChar"):
        plain = plain.replace(str(group), "")
    plain = plain.replace(str(found.options.get("decimalChar", ".")), ".")
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None


class OwnTable:
    """A table whose fields are those of the sample."""

    def __init__(self, layout: Layout, sample: Sample, exercice: int, places: Collection[str] = ()):
        self.layout, self.sample, self.exercice = layout, sample, exercice
        self.columns: dict[str, Column] = {}
        self.persons = _persons_as_columns(layout, sample)
        for column in layout.columns:
            self.columns[_field_name(column, self.columns, column.place in self.persons)] = column
        self.places = places
        self.personal = {name: personal(c.heading, c.cells, places) for name, c in self.columns.items()}
        self.key = next((name for name, column in self.columns.items() if self._may_be_key(name, column)), None)
        self.months = self._months()

    def title(self, system: str) -> str:
        """The table's title."""
        return f"Données {of(system)}"

    def lines(self) -> list[str]:
        """The declaration of the table, below its title."""
        missing = sorted({word for column in self.columns.values() for word in column.guess.missing})
        plain = {n: c for n, c in self.columns.items() if not self.personal[n]}
        dated = [(n, "within") for n, c in plain.items() if c.guess.type in ("date", "datetime", "year")]
        numbers = {n: c for n, c in plain.items() if c.guess.type in ("integer", "number")}
        named = {column.place: name for name, column in self.columns.items()}
        dated += [(n, "within") for n in self.months]
        columns = self.columns | self.months
        period = period_line(columns, [n for n, _ in dated], self.exercice)
        lines = place_lines(self.sample, bool(period))
        lines += [f"primaryKey: [{self.key}]" + todo("est-ce unique dans chaque fichier ?")] if self.key else []
        lines += [f"missingValues: {flow(['', *missing])}"] if missing else []
        lines += unnamed_lines(self.layout) + period_lines(self.layout, self.sample)
        headings, doubts = {name: heading_of(column) for name, column in self.columns.items()}, {}
        for name, column in self.columns.items():
            if column.occurrence:
                doubts[name] = "plusieurs colonnes ont cet intitulé : que dit celle-ci ?"
            elif column.place in self.persons:
                doubts[name] = (
                    "l’intitulé est-il une personne ? Demander à l’outil une ligne pour chacune ; sinon nommer le champ"
                )
            elif not self.sample.has_header:
                doubts[name] = "que dit cette colonne ?"
        lines += header_lines(headings, self.layout, self.exercice, doubts)
        named_by, field = self._named_by()
        lines += [*named_by, "fields:", *field]
        for name, column in self.columns.items():
            lines += [f"  {line}" for line in self._field(name, column)]
        lines += exercice_lines(columns, dated, self.layout, self.exercice) + period
        return lines + ignore_lines(self.layout, named, numbers)

    def _named_by(self) -> tuple[list[str], list[str]]:
        """The field that distinguishes what is read from several sheets or members: its heading, and itself."""
        if (told := named_by(self.sample)) is None:
            return [], []
        key, title, pattern = told
        if self.months:
            ((name, column),) = self.months.items()
            kind = f"type: date, format: {option(column.guess.options['format'])}, constraints: {{required: true}}"
            heading = f"    {name}: {{{key}: {json.dumps(pattern, ensure_ascii=False)}}}"
            return [heading], [f"  - {{name: {name}, title: {column.heading}, {kind}}}"]
        name = free(title.lower(), self.columns)
        heading = f"    {name}: {{{key}: {json.dumps(pattern, ensure_ascii=False)}}}" + todo(
            "que dit le nom : quelle partie, et comment l’appeler ?"
        )
        parts = _parts(self.sample, pattern)
        member = ", member: true" if names_members(title, parts, self.places) else ""
        return [heading], [f"  - {{name: {name}, title: {title}{member}}}"]

    def _months(self) -> dict[str, Column]:
        """The field that the names of its sheets, or members, give when each is a month, as if a column gave it."""
        told = named_by(self.sample)
        parts = _parts(self.sample, told[2]) if told else []
        if len(parts) < MONTHS or not (found := months(parts)):
            return {}
        return {free("mois", self.columns): Column("Mois", -1, parts, found)}

    def _may_be_key(self, name: str, column: Column) -> bool:
        cells = [cell.casefold() for cell in column.cells]
        unique = len(set(cells)) == len(cells) >= 2 and all(cells)
        wordy = column.guess.type in ("string", "integer") and bool(words(column.heading) & KEY_WORDS)
        return unique and wordy and self.personal[name] != "drop"

    def _field(self, name: str, column: Column) -> list[str]:
        kept_as = self.personal[name]
        found = Guess() if kept_as else column.guess  # a dropped or pseudonymised cell needs no type
        doubts = list(found.doubts)
        title = f"Colonne {column.place + 1}" if column.place in self.persons else climbed(column.heading)[1]
        lines = [f"- name: {name}", f"  title: {scalar(title)}"]
        if kept_as:
            lines.append(f"  personal: {kept_as}" + todo(f"donnée personnelle ? {kept_as}, ou rien"))
        elif found.type == "string" and names_members(column.heading, column.cells, self.places):
            lines.append("  member: true" + todo("nomme-t-elle chaque fois une collectivité d’organisation.yml ?"))
        if found.type != "string":
            lines.append(f"  type: {found.type}" + todo(" ; ".join(doubts), bool(doubts)))
        elif doubts:
            lines[1] += todo(" ; ".join(doubts))
        for key, value in kept_in(name, found.options).items():
            lines.append(f"  {key}: {option(value)}")
        if name == self.key:
            lines.append("  constraints: {required: true}")
        return lines


def _parts(sample: Sample, pattern: str) -> list[str]:
    """What distinguishes the names of its sheets, or members."""
    return [found[1] for place in sample.places if (found := re.fullmatch(pattern, place))]


def _persons_as_columns(layout: Layout, sample: Sample) -> set[int]:
    """The places of the columns whose heading seems to be a person, or a value: not a name for a field."""
    headings = [column.heading for column in layout.columns]
    persons = persons_in(headings) if sample.has_header else []
    return {
        column.place
        for column in layout.columns
        if column.heading in persons
        or (sample.has_header and may_be_a_person(column.heading, column.cells))
        or (is_value(column.heading) and not period_in(column.heading))
        or (is_login(column.heading) and not sample.is_named)  # a path in a record has dots
    }


def _field_name(column: Column, taken: Iterable[str], is_person: bool) -> str:
    """A name for the column that SQL and the lake leave free."""
    name = "" if is_person else slug(column.heading)[:50].strip("_")
    name = name or f"colonne_{column.place + 1}"
    if not name[0].isalpha():
        name = f"c_{name}"
    if name in TAKEN:
        name = "annee" if column.guess.type == "year" else f"{name}_source"
    if name in RESERVED:
        name = f"{name}_source"
    return free(name, taken)


def free(name: str, taken: Iterable[str]) -> str:
    """The name, with a number when it is taken."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
