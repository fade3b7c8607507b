"""Makes the public database: the tables of ``rapport`` that anybody may read, then reads it back and proves it.

A table that counts persons is public whole, in the first of its declared forms with which everything public holds, or not
at all. A line with a text that nobody declared and nobody has read is left out. ``rapport`` is copied, with the marts
declared free of persons, but not audit. Keys and comments are kept.
"""

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines import sql
from pipelines.catalogue.contracts import Keys
from pipelines.catalogue.fields import Fields
from pipelines.catalogue.secrecy import Secrecy, Table
from pipelines.ledger.records import Reading
from pipelines.publication import DATABASES, MARTS, PUBLIC
from pipelines.sql import in_french
from pipelines.stages.publish.copy import Described, attached, copy_table, described, write_schema
from pipelines.stages.publish.freshness import write_freshness
from pipelines.stages.publish.secret.choice import FIGURES, PLACE, Choice, Known, choose, source_rows
from pipelines.stages.publish.secret.readings import TypedTexts, Waiting
from pipelines.stages.publish.secret.sums import SecrecyBroken, sums_of
from pipelines.stages.publish.secret.versions import Version, with_persons
from pipelines.stages.publish.secret.words import Words
from pipelines.stages.publish.secret.worlds import Group

DATABASE = DATABASES[PUBLIC]
SUMMARY = "rpt_collectivites__synthese"
OF_YEAR_BEFORE = ("valeur_precedente", "variation_pct")  # of a member's page
EST_SECRET = "Vrai si un nombre de la ligne est masqué au titre du secret statistique."
HIDDEN = {"valeur": "null", "statut": "'manquant'", "code_manquant": "'s'"}  # what a figure says once it is hidden


@dataclass(frozen=True)
class PublicProfile:
    """A public database, written and proved."""

    groups: list[Group] = field(default_factory=list)  # the proof, for the internal audit only
    held: list[int] = field(default_factory=list)  # exercices that keep their previous staff tables
    retained: list[int] = field(default_factory=list)  # those whose staff tables are not published
    withheld: dict[str, list[int]] = field(default_factory=dict)  # table → the exercices of which it says nothing
    undeclared: list[str] = field(default_factory=list)  # tables, columns and figures that nobody declared
    versions: list[Version] = field(default_factory=list)  # what is public of other exercices than those held
    otherwise: list[str] = field(default_factory=list)  # tables about persons that are not as declared
    waiting: Waiting = field(default_factory=dict)  # lines left out for a text that nobody has read


def write_public(
    warehouse: Path,
    build: str,
    folder: Path,
    secrecy: Secrecy,
    threshold: int,
    keys: Keys,
    words: Words,
    versions: Iterable[Version] = (),
    indicators: Mapping[int, str] | None = None,
    read: Set[Reading] = frozenset(),
) -> PublicProfile:
    """Write ``rapport_public.duckdb`` and its Parquet in ``folder``.

    ``words`` are the texts that may be published, besides those that somebody ``read``; ``versions`` are those that were
    public, oldest first; ``indicators``: rank of an indicator of a member's page → the table that it is of. Raises
    SecrecyBroken when something is not as declared, or cannot be proved; the contents of the folder are then worthless.
    """
    try:
        known = with_persons(warehouse, versions, secrecy)
        with attached(folder / DATABASE, warehouse) as db:
            texts = TypedTexts(db, words, read)
            profile = _write_and_prove(db, secrecy, threshold, keys, texts, known, indicators or {})
            for schema in ("rapport", MARTS):
                write_schema(db, folder, schema, words.fields)
            write_freshness(db, folder, PUBLIC, build)
            return profile
    except (duckdb.BinderException, duckdb.CatalogException) as error:  # a declared column or fact is not there
        raise SecrecyBroken("SEC-COHERENCE", "rapport", in_french(str(error).splitlines()[0])) from None
    except (
        duckdb.ConstraintException
    ):  # a constraint of a home's own needs what must be emptied; its message may quote a row
        raise SecrecyBroken("SEC-COHERENCE", "rapport", "une contrainte interdit de vider une cellule") from None


def _write_and_prove(
    db: Any,
    secrecy: Secrecy,
    threshold: int,
    keys: Keys,
    texts: TypedTexts,
    versions: list[Known],
    indicators: Mapping[int, str],
) -> PublicProfile:
    unsaid = [*undeclared(db, secrecy), *_of_persons_after_all(db, secrecy, texts.words.fields)]
    secrecy = secrecy.without({name.partition(".")[0] for name in unsaid})
    secrecy = secrecy.without(_of_persons_that_wait(db, secrecy, texts))
    choice = choose(db, secrecy, threshold, versions)
    public = Writer(db, secrecy, threshold, keys, texts, choice)
    public.write_tables()
    public.write_summary(indicators)
    public.write_figures()
    _prove(db, secrecy, choice)
    return PublicProfile(
        choice.worlds.groups(),
        sorted(choice.held),
        sorted(choice.retained),
        choice.withheld(),
        unsaid,
        choice.snapshots(db),
        choice.otherwise,
        texts.waiting,
    )


# what is declared ------------------------------------------------------------


def undeclared(db: Any, secrecy: Secrecy) -> list[str]:
    """What is withheld because nobody declared whether it counts persons: tables of ``rapport``, columns of tables that
    do, figures."""
    found = []
    for name, told in described(db, "rapport").items():
        if name == FIGURES:
            found += [f"{name}.{column}" for column in told.columns if column not in _known(secrecy)]
            codes = db.execute(f"select distinct code from source.rapport.{FIGURES} order by code").fetchall()
            found += [code for (code,) in codes if secrecy.figures.is_secret(code) and not _is_ruled(secrecy, code)]
        elif name not in secrecy.tables:
            found.append(name)
        elif secrecy.tables[name].counts:
            found += [f"{name}.{column}" for column in told.columns if column not in secrecy.tables[name].columns]
    return found


def _is_ruled(secrecy: Secrecy, code: str) -> bool:
    figures = secrecy.figures
    return code in figures.withheld or figures.is_alone(code) or figures.rule(code) is not None


def _of_persons_after_all(db: Any, secrecy: Secrecy, fields: Fields) -> list[str]:
    """Marts that are declared free of persons but have a personal column: the declaration is wrong, and they are withheld."""
    return [
        name
        for name, told in described(db, MARTS).items()
        if name in secrecy.tables and fields.speak_of_persons(name, told.columns)
    ]


def _of_persons_that_wait(db: Any, secrecy: Secrecy, texts: TypedTexts) -> set[str]:
    """The tables about persons with a text that nobody has read: the other lines would give an absent one."""
    tables = described(db, "rapport")
    return {name for name in secrecy.of_persons if name in tables and texts.left_out(tables[name])}


def _known(secrecy: Secrecy) -> set[str]:
    known = {"code", "exercice", "domaine", "valeur", "statut", "code_manquant"}
    return {*known, *secrecy.figures.plain, *secrecy.figures.never}


# what is written ------------------------------------------------------------


class Writer:
    """Writes the public database, catalog ``cible`` of ``db``, from the warehouse, ``source``."""

    def __init__(self, db: Any, secrecy: Secrecy, threshold: int, keys: Keys, texts: TypedTexts, choice: Choice):
        self.db, self.secrecy, self.threshold, self.keys = db, secrecy, threshold, keys
        self.texts, self.choice = texts, choice
        # table → row → the columns that count too few persons by themselves
        self.emptied: dict[str, dict[int, set[str]]] = {}
        self._rows = dict(choice.rows)

    def write_tables(self) -> None:
        """Write every declared table but the figures and the members' pages."""
        self.db.execute(f"create schema rapport; create schema {MARTS}")
        for schema in ("rapport", MARTS):
            for name, table in described(self.db, schema).items():
                declared = self.secrecy.tables.get(name)
                if name in (FIGURES, SUMMARY) or declared is None:
                    continue
                if declared.counts:
                    self._write_persons(table)
                elif declared.free:
                    self.emptied[name] = self._too_few(table, declared)
                    self._write_free(table, declared)

    def _write_persons(self, table: Described) -> None:
        """Write a table about persons; nothing at all when no exercice of it is public."""
        rows = self.choice.rows_of(table.name)
        if rows is None:
            return
        copy_table(self.db, table, self.keys, where="false")
        columns = [column for column in table.columns if any(column in row for row in rows)]
        values = [tuple(row.get(column) for column in columns) for row in rows]
        sql.insert(self.db, f"rapport.{table.name} ({', '.join(columns)})", values)

    def _write_free(self, table: Described, declared: Table) -> None:
        """Write a table that counts nobody, but in the cells that are emptied."""
        replaced = {column: f"case when false then {column} end" for column in declared.never}
        emptied = self.emptied[table.name]
        for column in declared.persons:
            if rows := [row for row, columns in emptied.items() if column in columns]:
                replaced[column] = f"case when {_among(rows)} then null else {replaced.get(column, column)} end"
        added = ("est_secret", "boolean", _among(emptied), EST_SECRET) if declared.persons else None
        kept = self._is_read(table, declared.never)
        copy_table(self.db, table, self.keys, replaced=replaced, where=kept, added=added)

    def _too_few(self, table: Described, declared: Table) -> dict[int, set[str]]:
        """Row → its columns that count persons by themselves and are not public, exercice by exercice."""
        found: dict[int, set[str]] = {}
        for column, persons in declared.persons.items():
            by = ", ".join(["exercice", *([persons.by] if persons.by else [])])
            least = self.threshold * persons.per_person
            counted = persons.counted or [column]
            small = " or ".join(f"({one} <> 0 and abs({one}) < {least})" for one in counted)
            # that a number alone is emptied must not tell that it is small: neither is 0 given
            nobody = " or ".join(f"{one} = 0" for one in counted if " - " not in one)
            asked = (
                f"select list(rowid) from source.{table.schema}.{table.name} where {persons.where} group by {by} "
                f"having bool_or({small}) or (count(*) = 1 and bool_or({nobody}))"
            )
            for (rows,) in self.db.execute(asked).fetchall():
                for row in rows:
                    found.setdefault(row, set()).add(column)
        return found

    def write_summary(self, indicators: Mapping[int, str]) -> None:
        """Write the members' pages: the indicators whose table is public whole in the exercice."""
        table = described(self.db, "rapport").get(SUMMARY)
        if table is None or SUMMARY not in self.secrecy.tables:
            return
        asked = f"select distinct exercice from source.rapport.{SUMMARY}"
        exercices = [year for (year,) in self.db.execute(asked).fetchall()]
        whole = [(rank, year) for rank, name in indicators.items() for year in exercices if self._is_whole(name, year)]
        before = _of_pages([(rank, year + 1) for rank, year in whole])
        replaced = {column: f"case when {before} then {column} end" for column in OF_YEAR_BEFORE}
        where = f"({_of_pages(whole)}) and {self._is_read(table)}"
        copy_table(self.db, table, self.keys, replaced={**replaced, "est_diffusable": "true"}, where=where)

    def _is_whole(self, name: str, exercice: int) -> bool:
        """True if a table is public whole in an exercice, no cell of it emptied."""
        declared = self.secrecy.tables.get(name)
        if declared is None or declared.withheld:
            return False
        if declared.counts:
            return self.choice.is_whole(name, exercice)
        asked = f"select 1 from source.rapport.{name} where exercice = {exercice} and {_among(self.emptied.get(name, {}))} limit 1"
        return self.db.execute(asked).fetchone() is None

    def write_figures(self) -> None:
        """Write ``chiffres``: those that count persons are there as their table is."""
        table = described(self.db, "rapport").get(FIGURES)
        if table is None:
            return
        figures = self.secrecy.figures
        hidden, left_out, of_persons = [], [], []
        asked = f"select rowid, code, exercice, valeur, decimales from source.rapport.{FIGURES} order by all"
        for row, code, exercice, value, places in self.db.execute(asked).fetchall():
            if not figures.is_secret(code):
                continue
            of_persons.append(row)
            if exercice in self.choice.held and self._is_of_table(code):
                left_out.append(row)  # its figures are those of the version that stands
            elif not self._is_public(code, exercice, value, places):
                # that there is a figure of a family may tell that there is somebody
                is_of_family = figures.rule(code) is not None and code not in figures.rules
                (left_out if is_of_family else hidden).append(row)
        replaced = {c: f"case when {_among(hidden)} then {value} else {c} end" for c, value in HIDDEN.items()}
        replaced |= {column: f"case when {_among(of_persons)} then null else {column} end" for column in figures.never}
        unknown = table.columns.keys() - _known(self.secrecy)
        replaced |= dict.fromkeys(unknown, "null")
        kept = f"not ({_among(left_out)}) and {self._is_read(table, unknown)}"
        copy_table(self.db, table, self.keys, replaced=replaced, where=kept)
        for version in self.choice.held.values():
            if FIGURES in version.tables:
                rows = [row for row in version.tables[FIGURES].as_dicts() if self._is_of_table(str(row["code"]))]
                columns = [column for column in version.tables[FIGURES].columns if column in table.columns]
                values = [tuple(row[column] for column in columns) for row in rows]
                sql.insert(self.db, f"rapport.{FIGURES} ({', '.join(columns)})", values)

    def _is_of_table(self, code: str) -> bool:
        rule = self.secrecy.figures.rule(code)
        return bool(rule and rule.table in self.secrecy.of_persons)

    def _is_public(self, code: str, exercice: int, value: Any, places: int) -> bool:
        """True for a figure about persons that restates rows of a table, all of which are public, or a large one that belongs
        to no table. Raises SecrecyBroken when it is another number than that of its rows."""
        figures, rule = self.secrecy.figures, self.secrecy.figures.rule(code)
        if code in figures.withheld:
            return False
        if rule is None:
            return figures.is_alone(code) and value is not None and value >= self.threshold
        table = self.secrecy.tables.get(rule.table)
        if table is None:
            return False
        if rule.table not in self._rows:
            self._rows[rule.table] = source_rows(self.db, rule.table)
        rows = [
            row
            for row in self._rows[rule.table]
            if row["exercice"] == exercice and all(str(row[name]) == one for name, one in rule.row.items())
        ]
        if rule.equal and value is not None and rows:
            numbers = [Decimal(row[rule.column]) for row in rows if row[rule.column] is not None]
            if abs(Decimal(value) - sum(numbers)) > Decimal(5).scaleb(-places - 1):
                raise SecrecyBroken("SEC-COHERENCE", code, f"le chiffre n’est pas {rule.table}.{rule.column}", exercice)
        if table.counts:
            chosen = self.choice.tables.get((rule.table, exercice))
            kept = {row.get(PLACE) for row in chosen.rows} if chosen else set()
            return chosen is not None and all(row[PLACE] in kept for row in rows)
        emptied = self.emptied.get(rule.table, {})
        return not any(rule.column in emptied.get(row[PLACE], ()) for row in rows)

    def _is_read(self, table: Described, never: Collection[str] = ()) -> str:
        """The SQL condition of the lines of which no text waits to be read."""
        left_out = self.texts.left_out(table, never)
        return f"not ({left_out})" if left_out else "true"


def _of_pages(indicators: list[tuple[int, int]]) -> str:
    """The SQL condition of the rows of these indicators, each in its exercice."""
    return " or ".join(f"(rang = {rank} and exercice = {year})" for rank, year in indicators) or "false"


def _among(rows: Iterable[int]) -> str:
    listed = ", ".join(map(str, sorted(rows)))
    return f"rowid in ({listed})" if listed else "false"


# what is proved ------------------------------------------------------------


def _prove(db: Any, secrecy: Secrecy, choice: Choice) -> None:
    """Read the public tables about persons back. Raises SecrecyBroken when one says something that is not proved."""
    for name, table in secrecy.of_persons.items():
        of_name = {exercice: one for (of, exercice), one in choice.tables.items() if of == name}
        if not of_name:
            continue
        cursor = db.execute(f"from cible.rapport.{name}")
        names = [column for column, *_ in cursor.description]
        written = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        for exercice, one in of_name.items():
            rows = [row for row in written if row["exercice"] == exercice]
            if one.form is None:
                sums = [told for told in choice.worlds.told if told.exercice == exercice]
            else:
                sums = sums_of(secrecy, table, one.form, exercice, rows, choice.facts)
            if not all(choice.worlds.holds(told, choice.facts.value(told)) for told in sums):
                raise SecrecyBroken("SEC-AUDIT", name, "un nombre publié n’est pas prouvé", exercice)
            if len(rows) != len(one.rows):
                raise SecrecyBroken("SEC-AUDIT", name, "des lignes manquent, ou sont en trop", exercice)
