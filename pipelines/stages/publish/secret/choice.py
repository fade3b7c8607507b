"""Which tables about persons are public, exercice by exercice, each in the first of its forms with which everything holds."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pipelines.catalogue.secrecy import Form, Secrecy, Table
from pipelines.stages.publish.copy import described, tables_of
from pipelines.stages.publish.secret.sums import Facts, Row, Sum, absent, printed, read_facts, sums_of
from pipelines.stages.publish.secret.versions import Rows, Version
from pipelines.stages.publish.secret.worlds import Worlds

FIGURES = "chiffres"
PLACE = "_row"  # the row of the warehouse that a public row is, unless several were merged
Known = tuple[Version, Facts]  # a version that was public, and the persons behind it


@dataclass
class Chosen:
    """The rows of one table about persons that are public, in one exercice; without a form, as they were published."""

    form: Form | None
    rows: list[Row]


def choose(db: Any, secrecy: Secrecy, threshold: int, versions: list[Known]) -> "Choice":
    """The tables about persons that are public. An exercice that would lose one keeps all of them as they were, and is
    left out of the next try."""
    held: dict[int, Version] = {}
    while True:
        choice = Choice(db, secrecy, threshold, versions, held)
        if choice.held == held:
            return choice
        held = dict(choice.held)


class Choice:
    """The tables about persons that are public, exercice by exercice, and what proves that everything public holds."""

    def __init__(self, db: Any, secrecy: Secrecy, threshold: int, versions: list[Known], held: dict[int, Version]):
        self.secrecy, self.facts, self.held = secrecy, read_facts(db, secrecy), dict(held)
        self.tables: dict[tuple[str, int], Chosen] = {}
        self.retained: set[int] = set()
        self._stands: dict[int, Version] = {}
        there = described(db, "rapport")
        self.rows = {name: source_rows(db, name) for name in secrecy.of_persons if name in there}
        self.otherwise = [
            f"{name} ({exercice})"
            for name, found in self.rows.items()
            for exercice in sorted({int(row["exercice"]) for row in found})
            if not self._is_as_declared(secrecy.tables[name], exercice, self._of(name, exercice))
        ]
        for version, facts in versions:
            if version is held.get(version.exercice):
                self.facts = self.facts.with_those_of(facts, version.exercice, version.exercice)
        former: dict[int, int] = {}
        told = []
        for version, facts in versions:
            number = version.exercice
            if not version.is_true(self.facts):
                number = -1 - len(former)
                former[number] = version.exercice
                self.facts = self.facts.with_those_of(facts, version.exercice, number)
            self._stands[version.exercice] = version
            told.append(
                (version.exercice, {replace(one, exercice=number): value for one, value in version.told.items()})
            )
        self.worlds = Worlds(secrecy, self.facts, threshold, former)
        for exercice, sums in told:
            if not self.worlds.add(sums):
                self.retained.add(exercice)
        for exercice in self.exercices:
            if exercice in held:
                self._keep(exercice, held[exercice])
            elif exercice not in self.retained:
                self._choose(exercice)

    @property
    def exercices(self) -> list[int]:
        """Those of which a table about persons has a row, or a version is public."""
        found = {int(row["exercice"]) for rows in self.rows.values() for row in rows}
        return sorted(found | self._stands.keys())

    def _of(self, name: str, exercice: int) -> list[Row]:
        return [row for row in self.rows[name] if row["exercice"] == exercice]

    def is_whole(self, name: str, exercice: int) -> bool:
        """True if all the rows of a table are public in an exercice, with the numbers that they have now."""
        chosen, table = self.tables.get((name, exercice)), self.secrecy.tables[name]
        if chosen is None or chosen.form is not None:
            return chosen is not None and chosen.form == Form()
        told = [[str(row[column]) for column in (*table.levels, *table.numbers)] for row in self._of(name, exercice)]
        kept = [[str(row[column]) for column in (*table.levels, *table.numbers)] for row in chosen.rows]
        return sorted(told) == sorted(kept)

    def rows_of(self, name: str) -> list[Row] | None:
        """The rows of a table that are public; None when no exercice of it is."""
        chosen = [one for (of, _), one in self.tables.items() if of == name]
        return [row for one in chosen for row in one.rows] if chosen else None

    def withheld(self) -> dict[str, list[int]]:
        """Table → the exercices of which it has rows, or would say that there is nobody, but is not public."""
        return {
            name: missing
            for name in self.rows
            if (missing := [year for year in self.exercices if (name, year) not in self.tables])
        }

    def snapshots(self, db: Any) -> list[Version]:
        """What is public of each exercice that says something else than what stands."""
        found = []
        for exercice in self.exercices:
            told = {one: value for one, value in self.worlds.told.items() if one.exercice == exercice}
            stands = self._stands.get(exercice)
            tables = {name: chosen for (name, year), chosen in self.tables.items() if year == exercice}
            if exercice in self.held or not tables:
                continue
            written = {name: _archived(db, f"cible.rapport.{name}", exercice) for name in tables}
            if FIGURES in tables_of(db, "rapport"):
                figures = _archived(db, f"cible.rapport.{FIGURES}", exercice)
                code = figures.columns.index("code")
                secret = [row for row in figures.rows if self.secrecy.figures.is_secret(str(row[code]))]
                written[FIGURES] = Rows(figures.columns, secret)
            if stands and (stands.told, stands.tables) == (told, written):
                continue
            facts = {
                fact: _archived(db, f"source.{fact}", exercice)
                for fact in dict.fromkeys(one.fact for one in self.secrecy.populations.values())
                if fact.partition(".")[2] in tables_of(db, fact.partition(".")[0])
            }
            found.append(Version(exercice, facts, written, told))
        return found

    def _choose(self, exercice: int) -> None:
        """Choose the form of each table of an exercice; if one that was public cannot be, keep them all as they were."""
        forms = [(name, [*self._forms(name, exercice)]) for name in self.secrecy.of_persons if name in self.rows]
        together: dict[str, tuple[Chosen, dict[Sum, Decimal]]] = {}
        for name, found in forms:
            if first := next((one for one in found if self.worlds.may_add(one[1])), None):
                together[name] = first
        if self.worlds.add({one: value for _, sums in together.values() for one, value in sums.items()}):
            self.tables |= {(name, exercice): chosen for name, (chosen, _) in together.items()}
        else:  # one after the other
            for name, found in forms:
                if first := next((chosen for chosen, sums in found if self.worlds.add(sums)), None):
                    self.tables[name, exercice] = first
        stands = self._stands.get(exercice)
        if stands and any((name, exercice) not in self.tables for name in stands.tables.keys() & self.rows.keys()):
            self.held[exercice] = stands

    def _forms(self, name: str, exercice: int) -> Iterator[tuple[Chosen, dict[Sum, Decimal]]]:
        """The rows of a table in each of its forms, and what they say."""
        table = self.secrecy.tables[name]
        rows = self._of(name, exercice)
        for form in table.forms if f"{name} ({exercice})" not in self.otherwise else []:
            kept = self._formed(table, form, rows)
            sums = sums_of(self.secrecy, table, form, exercice, kept, self.facts)
            yield Chosen(form, kept), {one: self.facts.value(one) for one in sums}

    def _keep(self, exercice: int, stands: Version) -> None:
        """Keep the tables of the version that stands."""
        for name in self.secrecy.of_persons.keys() & stands.tables.keys():
            self.tables[name, exercice] = Chosen(None, stands.tables[name].as_dicts())

    def _is_as_declared(self, table: Table, exercice: int, rows: list[Row]) -> bool:
        """True if a table prints, in an exercice, what its declaration says: the numbers of the facts, and no line less."""
        if any(column not in row for row in rows[:1] for column in [*table.levels, *table.numbers]):
            return False
        for column, number in table.numbers.items():
            if any(map(self.facts.value, absent(self.secrecy, table, number, exercice, rows, self.facts))):
                return False
            for row in rows:
                value, true = row[column], printed(self.secrecy, table, Form(), number, row, self.facts)
                if value is not None and (true is None or abs(Decimal(value) - true) > _half_unit(value)):
                    return False
        return True

    def _formed(self, table: Table, form: Form, rows: list[Row]) -> list[Row]:
        """The rows of a table in one of its forms."""
        kept = [
            row
            for row in rows
            if all(str(row[column]) == value for column, value in form.only.items())
            and not any(str(row[column]) in values for column, values in form.without.items())
        ]
        if not form.merged:
            return kept
        found: dict[tuple[Any, ...], Row] = {}
        for row in kept:
            merged = dict(row)
            for column, values in form.merged.items():
                merged[column] = next((new for new, old in values.items() if str(row[column]) in old), row[column])
            key = tuple(str(merged[column]) for column in table.levels)
            if key in found:
                found[key][PLACE] = None
            else:
                found[key] = merged
        for row in found.values():
            for column, number in table.numbers.items():
                true = printed(self.secrecy, table, form, number, row, self.facts)
                like = next((one[column] for one in rows if one[column] is not None), 0)
                row[column] = true if true is None else _rounded(true, like)
            for column, said in form.said.items():
                row[column] = next((said[str(row[key])] for key in form.merged if str(row[key]) in said), row[column])
        return list(found.values())


def _half_unit(value: Any) -> Decimal:
    """Half a unit of the last digit of a printed number."""
    return Decimal(5).scaleb(min(0, int(Decimal(value).as_tuple().exponent)) - 1)


def _rounded(value: Decimal, like: Any) -> Any:
    """A number with as many decimals as another."""
    places = int(Decimal(like).as_tuple().exponent)
    return value.quantize(Decimal(1).scaleb(places), ROUND_HALF_UP)


def source_rows(db: Any, name: str) -> list[Row]:
    """The rows of a table of ``rapport``, each with its place in the warehouse."""
    cursor = db.execute(f"select *, rowid as {PLACE} from source.rapport.{name} order by all")
    names = [column for column, *_ in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _archived(db: Any, table: str, exercice: int) -> Rows:
    columns = [name for name, *_ in db.execute(f"from {table} limit 0").description]
    texts = ", ".join(f'"{column}"::varchar' for column in columns)
    found = db.execute(f"select {texts} from {table} where exercice = {exercice} order by all nulls first").fetchall()
    return Rows(columns, [list(row) for row in found])
