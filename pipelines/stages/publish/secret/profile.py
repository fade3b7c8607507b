"""Makes the public database: the tables of ``rapport`` without what must be hidden, then reads it back and attacks it.

What is proved is the file that will be published, not the list of what should have been hidden. ``rapport`` is copied,
with the marts declared free of persons, but not audit. A line with a text that nobody declared and nobody has read is left
out. Keys and comments are kept; a table under secrecy gains the column ``est_secret``.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import duckdb

from pipelines.catalogue.fields import Fields
from pipelines.catalogue.primary_keys import Keys
from pipelines.catalogue.secrecy import Figure, Figures, Part, Secrecy
from pipelines.ledger.records import Reading
from pipelines.publication import DATABASES, MARTS, PUBLIC
from pipelines.sql import in_french, literal
from pipelines.stages.publish.copy import Described, attached, copy_table, described, write_schema
from pipelines.stages.publish.freshness import write_freshness
from pipelines.stages.publish.secret.attack import Solutions, Worlds
from pipelines.stages.publish.secret.cells import Cell, Item, Key, Numbers, SecrecyBroken, read_numbers
from pipelines.stages.publish.secret.readings import TypedTexts, Waiting
from pipelines.stages.publish.secret.suppress import Former, former_values, is_primary, needed, still_public, suppress
from pipelines.stages.publish.secret.versions import FIGURES, HIDDEN, Plan, Version, compose, planned, snapshots, tie
from pipelines.stages.publish.secret.words import Words

DATABASE = DATABASES[PUBLIC]
EST_SECRET = "Vrai si un nombre de la ligne est masqué au titre du secret statistique."


@dataclass(frozen=True)
class Proof:
    """The range that a reader of the public profile finds for one hidden cell; for the internal audit only."""

    cell: Cell
    kind: str  # primaire | secondaire
    low: int
    high: int
    is_safe: bool


@dataclass(frozen=True)
class PublicProfile:
    """A public database, written and proved; the exercices that keep their previous tables, and those whose tables are
    withheld."""

    proofs: list[Proof]
    disclosed: list[tuple[str, Decimal]]  # (name, value) of every cell that it gives away
    held: list[int] = field(default_factory=list)
    withheld: list[int] = field(default_factory=list)
    undeclared: list[str] = field(
        default_factory=list
    )  # tables, columns and figures withheld because nobody declared them
    versions: list[Version] = field(default_factory=list)  # for the other exercices: what is public of them now
    waiting: Waiting = field(default_factory=dict)  # lines left out for a text that nobody has read


def write_public(
    warehouse: Path,
    build: str,
    folder: Path,
    secrecy: Secrecy,
    threshold: int,
    disclosed: Iterable[tuple[str, Decimal]],
    keys: Keys,
    words: Words,
    solved: Path | None = None,
    versions: Iterable[Version] = (),
    read: Set[Reading] = frozenset(),
) -> PublicProfile:
    """Write ``rapport_public.duckdb`` and its Parquet in ``folder``; ``disclosed`` is what was ever published before.

    ``words`` are the texts that may be published, besides those that somebody ``read``; ``solved`` is where the solver's
    answers are kept; ``versions`` are those that were public, oldest first.

    Raises SecrecyBroken when something is not declared, is not as declared, or cannot be kept secret; the contents of
    the folder are then worthless.
    """
    try:
        plan, solutions = planned(warehouse, secrecy, threshold, versions), Solutions(solved)
        while True:
            try:
                with _composed(warehouse, folder, secrecy, plan) as source, attached(folder / DATABASE, source) as db:
                    texts = TypedTexts(db, words, read)
                    profile = _write_and_prove(db, secrecy, threshold, disclosed, keys, texts, solutions, plan)
                    for schema in ("rapport", MARTS):
                        write_schema(db, folder, schema, words.fields)
                    write_freshness(db, folder, PUBLIC, build)
                    return profile
            except SecrecyBroken as error:
                plan = _without(plan, error)
                (folder / DATABASE).unlink()
    except (duckdb.BinderException, duckdb.CatalogException) as error:  # a declared column or fact is not there
        raise SecrecyBroken("SEC-COHERENCE", "rapport", in_french(str(error).splitlines()[0])) from None
    except (
        duckdb.ConstraintException
    ):  # a constraint of a home's own needs what must be emptied; its message may quote a row
        raise SecrecyBroken("SEC-COHERENCE", "rapport", "une contrainte interdit de vider une cellule") from None


def _without(plan: Plan, error: SecrecyBroken) -> Plan:
    """The plan, without what cannot be proved next to what was public before. Raises the error when nothing more can be
    withheld."""
    if error.code not in ("SEC-AUDIT", "SEC-DEJA-PUBLIE") or not plan.replaced:
        raise error
    broken = plan.former[error.exercice].exercice if error.exercice in plan.former else error.exercice
    withheld = plan.withheld | ({broken} & plan.replaced or plan.replaced)
    return Plan({year: kept for year, kept in plan.held.items() if year not in withheld}, withheld, plan.former)


@contextmanager
def _composed(warehouse: Path, folder: Path, secrecy: Secrecy, plan: Plan) -> Iterator[Path]:
    """The database to make public: the warehouse, or a copy in which the parts that stay as they were replace the new ones."""
    composed = folder / f".{DATABASE}"
    try:
        if plan.corrected:
            compose(composed, warehouse, secrecy, plan)
        yield composed if plan.corrected else warehouse
    finally:
        composed.unlink(missing_ok=True)


def _write_and_prove(
    db,
    secrecy: Secrecy,
    threshold: int,
    disclosed: Iterable[tuple[str, Decimal]],
    keys: Keys,
    texts: TypedTexts,
    solutions: Solutions,
    plan: Plan,
) -> PublicProfile:
    unsaid = [*undeclared(db, secrecy), *_of_persons_after_all(db, secrecy, texts.words.fields)]
    secrecy = secrecy.without({name.partition(".")[0] for name in unsaid})
    secrecy = secrecy.without(_of_persons_that_wait(db, secrecy, texts))
    numbers = read_numbers(db, secrecy, threshold)
    tie(numbers, plan, threshold)
    worlds = Worlds(numbers, solutions)
    former = former_values(numbers, disclosed)
    hidden = suppress(worlds, threshold, former, plan.fixed(numbers))
    _write_tables(db, secrecy, numbers, hidden, keys, threshold, texts)
    profile = prove(db, secrecy, worlds, threshold, former, plan)
    solutions.keep()
    exercices = {item.exercice for item in numbers.items} - {*plan.former, *plan.held}
    return replace(
        profile,
        held=sorted(plan.held),
        withheld=sorted(plan.withheld),
        undeclared=unsaid,
        waiting=texts.waiting,
        versions=[*snapshots(db, secrecy, sorted(exercices), profile.disclosed)],
    )


# what is declared ------------------------------------------------------------


def undeclared(db, secrecy: Secrecy) -> list[str]:
    """What is withheld because nobody declared whether it is about persons: tables of ``rapport``, columns under
    secrecy, figures."""
    found = []
    for table, told in described(db, "rapport").items():
        if table == FIGURES and secrecy.figures:
            found += [f"{table}.{column}" for column in told.columns if column not in _known(secrecy.figures)]
            found += sorted(
                {code for _, code, *_ in _figures(db, secrecy.figures, "source") if not secrecy.figures.rule(code)}
            )
        elif table not in secrecy.tables:
            found.append(table)
        elif secrecy.tables[table].parts:
            found += [f"{table}.{column}" for column in told.columns if column not in secrecy.tables[table].columns]
    return found


def _of_persons_after_all(db, secrecy: Secrecy, fields: Fields) -> list[str]:
    """Marts that are declared free of persons but have a personal column: the declaration is wrong, and they are withheld."""
    return [
        name
        for name, told in described(db, MARTS).items()
        if name in secrecy.tables and fields.speak_of_persons(name, told.columns)
    ]


def _of_persons_that_wait(db, secrecy: Secrecy, texts: TypedTexts) -> set[str]:
    """The tables whose numbers of persons add up and that have a text that nobody has read: the others would give an absent line."""
    tables = described(db, "rapport")
    adding = {name for name, one in secrecy.tables.items() if any(part.population or part.adds for part in one.parts)}
    return {name for name in tables.keys() & adding if texts.left_out(tables[name])}


def _known(figures: Figures) -> set[str]:
    return {"code", "exercice", "domaine", "valeur", "statut", "code_manquant", *figures.plain, *figures.never}


# what is written ------------------------------------------------------------


def _write_tables(
    db, secrecy: Secrecy, numbers: Numbers, hidden: dict[Key, str], keys: Keys, threshold: int, texts: TypedTexts
) -> None:
    db.execute(f"create schema rapport; create schema {MARTS}")
    for name, table in described(db, "rapport").items():
        if name == FIGURES and secrecy.figures:
            _write_figures(db, table, secrecy.figures, numbers, hidden, keys, threshold, texts)
        elif name not in secrecy.tables:
            continue
        elif secrecy.tables[name].parts:
            _write_secret(db, table, numbers, hidden, keys, threshold, texts)
        elif secrecy.tables[name].free:
            _write_free(db, table, secrecy.tables[name].never, keys, texts)
    for name, table in described(db, MARTS).items():
        if name in secrecy.tables and secrecy.tables[name].free:
            _write_free(db, table, secrecy.tables[name].never, keys, texts)


def _write_free(db, table: Described, never: list[str], keys: Keys, texts: TypedTexts) -> None:
    emptied = {column: f"case when false then {column} end" for column in never}
    copy_table(db, table, keys, replaced=emptied, where=_read(texts.left_out(table, never)))


def _write_secret(
    db, table: Described, numbers: Numbers, hidden: dict[Key, str], keys: Keys, threshold: int, texts: TypedTexts
) -> None:
    emptied: dict[str, set[int]] = {}
    touched: set[tuple[int, int]] = set()  # parts, by identity, and exercices with a hidden number
    secret = {
        (item.row, item.column) for item in numbers.items if item.table == table.name and hidden.keys() & item.cells
    }
    lines = {row: line for (of, row), line in numbers.lines.items() if of == table.name}
    secret |= _few_persons(lines, threshold)
    for row, column in secret:
        part, values = lines[row]
        touched.add((id(part), values["exercice"]))
        for also in (column, *(c for c, number in part.along.items() if number == column)):
            emptied.setdefault(also, set()).add(row)
    for row, (part, values) in lines.items():
        for column in part.ranks if (id(part), values["exercice"]) in touched else []:
            emptied.setdefault(column, set()).add(row)
    kept = [row for row, (part, values) in lines.items() if not part.withheld and values["exercice"] >= 0]
    replaced = {
        column: f"case when {_among(rows)} then null else {column} end" for column, rows in sorted(emptied.items())
    }
    copy_table(
        db,
        table,
        keys,
        replaced=replaced,
        where=f"{_among(kept)} and {_read(texts.left_out(table))}",
        added=("est_secret", "boolean", _among({row for row, _ in secret}), EST_SECRET),
    )


def _few_persons(lines: dict[int, tuple[Part, dict]], threshold: int) -> set[tuple[int, str]]:
    """(row, column) of each small number of persons and, where lines add up to a total, of the next smallest ones:
    at least two numbers are hidden per exercice, which together reach the threshold.
    """
    columns: dict[
        tuple[int, str], list[tuple[Decimal, int, bool]]
    ] = {}  # (exercice, column) → value, row, whether lines add it up
    for row, (part, values) in lines.items():
        for column in part.persons if not part.withheld else ():
            if values[column]:
                found = (values[column], row, column in part.adds)
                columns.setdefault((values["exercice"], column), []).append(found)
    secret = set()
    for (_, column), numbers in columns.items():
        hidden = [one for one in numbers if _is_small(one[0], threshold)]
        others = sorted(one for one in numbers if one not in hidden and one[2])
        while any(adds for *_, adds in hidden) and others and not _is_safe([v for v, *_ in hidden], threshold):
            hidden.append(others.pop(0))
        secret |= {(row, column) for _, row, _ in hidden}
    return secret


def _is_safe(hidden: list[Decimal], threshold: int) -> bool:
    """True when the sum of what is hidden reveals none of it: it covers two numbers, and as many persons as the threshold."""
    return len(hidden) > 1 and sum(hidden) >= threshold


def _write_figures(
    db,
    table: Described,
    figures: Figures,
    numbers: Numbers,
    hidden: dict[Key, str],
    keys: Keys,
    threshold: int,
    texts: TypedTexts,
) -> None:
    ruled, secret = set(), set()
    for row, code, exercice, value, places in _figures(db, figures, "source"):
        rule = figures.rule(code)
        item = _item_behind(rule, numbers, exercice)
        ruled.add(row)
        if value is None:
            continue  # there is no value: marking it secret would imply that there is one
        if rule is None or item is None or hidden.keys() & item.cells:
            secret.add(row)
        elif rule.equal and not _is_same(value, item.printed, places):
            raise SecrecyBroken("SEC-COHERENCE", code, f"le chiffre n’est pas {item.table}.{item.column}", exercice)
    persons = _of_persons(db, figures, "source")
    ruled |= persons.keys()
    secret |= {row for row, value in persons.items() if _is_small(value, threshold)}
    withheld = ", ".join(map(literal, figures.withheld)) or "null"
    query = f"select rowid, valeur is not null from source.rapport.{FIGURES} where code in ({withheld})"
    left_out = dict(db.execute(query).fetchall())
    ruled |= left_out.keys()
    secret |= {row for row, has_value in left_out.items() if has_value}
    replaced = {c: f"case when {_among(secret)} then {value} else {c} end" for c, value in HIDDEN.items()}
    replaced |= {column: f"case when {_among(ruled)} then null else {column} end" for column in figures.never}
    unknown = table.columns.keys() - _known(figures)
    replaced |= dict.fromkeys(unknown, "null")
    copy_table(db, table, keys, replaced=replaced, where=_read(texts.left_out(table, unknown)))


def _figures(db, figures: Figures, catalog: str) -> list[tuple]:
    """(row, code, exercice, valeur, decimales) of each figure under secrecy that may be published."""
    rows = db.execute(
        f"select rowid, code, exercice, valeur, decimales from {catalog}.rapport.{FIGURES} order by code, exercice"
    ).fetchall()
    return [row for row in rows if figures.is_secret(row[1]) and row[1] not in figures.withheld]


def _of_persons(db, figures: Figures, catalog: str) -> dict[int, Decimal | None]:
    """row → value of each number of persons that nothing adds up."""
    rows = db.execute(f"select rowid, code, valeur from {catalog}.rapport.{FIGURES}").fetchall()
    return {row: value for row, code, value in rows if figures.counts_persons(code)}


def _is_small(value: Decimal | None, threshold: int) -> bool:
    return value is not None and 0 < value < threshold


def _item_behind(rule: Figure | None, numbers: Numbers, exercice: int) -> Item | None:
    """The item that a figure restates; None when its table has no such line, or no rule says which."""
    for item in numbers.items if rule else []:
        if (item.table, item.column, item.exercice) == (rule.table, rule.column, exercice):
            values = numbers.lines[item.table, item.row][1]
            if all(values.get(name) == value for name, value in rule.row.items()):
                return item
    return None


def _is_same(value: Decimal | None, printed: Decimal | None, places: int) -> bool:
    """True if a figure is empty, or is its item's number at the figure's own precision."""
    return value is None or (printed is not None and abs(value - printed) <= Decimal(5).scaleb(-places - 1))


def _read(left_out: str) -> str:
    """The SQL condition of the lines that are not left out."""
    return f"not ({left_out})" if left_out else "true"


def _among(rows: Iterable[int]) -> str:
    listed = ", ".join(map(str, sorted(rows)))
    return f"rowid in ({listed})" if listed else "false"


# what is proved ------------------------------------------------------------


def prove(db, secrecy: Secrecy, worlds: Worlds, threshold: int, former: Former, plan: Plan) -> PublicProfile:
    """Read the public tables back and attack them. Raises SecrecyBroken when a hidden number can be deduced.

    The search starts afresh from what a reader knows: how the numbers to hide were chosen, which takes former
    publications into account, leaves no trace in the bounds. ``worlds``, found earlier, is only used where the new
    search finds none.
    """
    numbers, fresh = worlds.numbers, Worlds(worlds.numbers, worlds.solutions)
    shown = read_numbers(db, secrecy, threshold, "cible", "source")
    secret = _secret_lines(db, shown)
    given = {key for item in shown.items if _is_given(item, secret) for key in item.cells}
    if secrecy.figures:
        for _, code, exercice, value, _ in _figures(db, secrecy.figures, "cible"):
            item = _item_behind(secrecy.figures.rule(code), numbers, exercice) if value is not None else None
            given |= set(item.cells if item else ())
    before, _ = plan.fixed(numbers)
    hidden = {key for item in numbers.items for key in item.cells if numbers.cells[key].form} - given - before
    known = given | before | still_public(worlds, former)
    occupied = {key for _, _, key in shown.occupied} | {
        key for table, row, key in numbers.occupied if numbers.lines[table, row][1]["exercice"] in plan.former
    }
    _refuse_small(db, secrecy, numbers, shown, threshold)
    proofs = []
    for cell in sorted(map(numbers.cells.__getitem__, hidden), key=lambda c: (c.exercice, c.label)):
        primary = is_primary(numbers, cell, threshold, former, hidden)
        width = needed(cell, threshold) if primary else 0
        low, high = fresh.range_of(cell, known, occupied)
        if high - low < width and fresh.nearest(cell, width, lambda _: 0, known) is not None:
            low, high = fresh.range_of(cell, known, occupied)
        if high - low < width:
            low, high = worlds.range_of(cell, known, occupied)
        proofs.append(Proof(cell, "primaire" if primary else "secondaire", low, high, high - low >= width))
    _refuse_leaks(numbers, given, proofs, threshold, former)
    told = sorted((name, numbers.cells[key].value) for key in given for name in numbers.names[key])
    return PublicProfile(proofs, told)


def _refuse_small(db, secrecy: Secrecy, true: Numbers, shown: Numbers, threshold: int) -> None:
    """No small number of persons is left where nothing else is to be hidden, or can be obtained from a total."""
    for (table, _), (part, values) in shown.lines.items():
        if any(_is_small(values[column], threshold) for column in part.persons):
            raise SecrecyBroken("SEC-AUDIT", table, "un petit nombre est publié", values["exercice"])
    given = _added(shown.lines)
    for (table, column, exercice), numbers in _added(true.lines).items():
        seen = given.get((table, column, exercice), Counter())
        if seen and (hidden := list((numbers - seen).elements())) and not _is_safe(hidden, threshold):
            raise SecrecyBroken("SEC-AUDIT", table, f"un nombre masqué ({column}) se déduit d’un total", exercice)
    persons = _of_persons(db, secrecy.figures, "cible") if secrecy.figures else {}
    if any(_is_small(value, threshold) for value in persons.values()):
        raise SecrecyBroken("SEC-AUDIT", FIGURES, "un petit nombre est publié")


def _added(lines: dict[tuple[str, int], tuple[Part, dict]]) -> dict[tuple[str, str, int], Counter[Decimal]]:
    """(table, column, exercice) → the numbers that lines add up, except zeros; those of a former version have no exercice."""
    found: dict[tuple[str, str, int], Counter[Decimal]] = {}
    for (table, _), (part, values) in lines.items():
        for column in part.adds if values["exercice"] >= 0 and not part.withheld else ():
            numbers = found.setdefault((table, column, values["exercice"]), Counter())
            numbers.update([values[column]] if values[column] else [])
    return found


def _refuse_leaks(numbers: Numbers, given: set[Key], proofs: list[Proof], threshold: int, former: Former) -> None:
    for cell in (cell for key, cell in numbers.cells.items() if key in given):
        if is_primary(numbers, cell, threshold, former, ()):
            raise SecrecyBroken("SEC-AUDIT", cell.label, "un petit nombre est publié", cell.exercice)
    for proof in proofs:
        if not proof.is_safe:
            cell = proof.cell
            raise SecrecyBroken(
                "SEC-AUDIT", cell.label, "un nombre masqué se déduit de ce qui est publié", cell.exercice
            )


def _is_given(item: Item, secret: set[tuple[str, int]]) -> bool:
    """True if a number is printed, or empty in a line where nothing is hidden, which means that nobody is there."""
    return item.printed is not None or (item.table, item.row) not in secret


def _secret_lines(db, shown: Numbers) -> set[tuple[str, int]]:
    tables = {table for table, _ in shown.lines}
    return {
        (table, row)
        for table in sorted(tables)
        for (row,) in db.execute(f"select rowid from cible.rapport.{table} where est_secret").fetchall()
    }
