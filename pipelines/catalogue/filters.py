"""The values that filters keep, checked against those that their columns may hold: a typo would count nothing, and print 0.

The values of a column are known when dbt proves them (``accepted_values``, here or at the other end of ``relationships``) and
when it is a boolean: a filter on another value is refused when the catalogue is read. Elsewhere, a figure that keeps a value
that no line has is a row of the control ``CONTROL``, in each exercice, or in those alone that say a word which no exercice
with that value says: their tool may have renamed it, and the figure is then partial.
"""

import functools
import json
import operator
from collections.abc import Iterator

from pipelines.catalogue.columns import columns_read
from pipelines.catalogue.fields import NUMBERS
from pipelines.catalogue.figures import measure
from pipelines.catalogue.figures.grammar import Filter, Value, placeholders_of
from pipelines.catalogue.load import Catalogue
from pipelines.did_you_mean import suggestion
from pipelines.french import enumeration
from pipelines.sql import called, indented, literal, select, where

CONTROL = "ctl_filtres"
RULE = "CAT-FILTRE"
FILTERS = ("filtre", "filtres", "ensemble")  # the keys under which a declaration gives values to columns
TEXTS = ("varchar", "string", "text")
FEW = 12  # values that a sentence lists


def wrong_filters(catalogue: Catalogue) -> Iterator[str]:
    """One sentence per value that a filtered column never holds, with its place."""
    for thing, table, columns in columns_read(catalogue):
        for at, column in columns:
            if len(at) > 1 and at[-2] in FILTERS:
                for value in _listed(functools.reduce(operator.getitem, at, thing.data)):
                    if why := _why_not(catalogue, table, column, value):
                        yield f"{thing.at(*at)} {at[-2]}: {why}"


def _listed(values: Value | list[Value]) -> list[Value]:
    return values if isinstance(values, list) else [values]


def _why_not(catalogue: Catalogue, table: str, column: str, value: Value) -> str | None:
    said, place = catalogue.project.said, f"la colonne « {column} » de « {table} »"
    entries = said[table].data.get("columns") or [] if table in said else []
    kinds = [str(entry.get("data_type", "")) for entry in entries if entry["name"] == column]  # none without a contract
    kind = "".join(kinds).lower().partition("(")[0].strip()
    if kind == "boolean" and not isinstance(value, bool):
        return f"{place} est vraie ou fausse : écrire true ou false, et non « {value} »"
    if kind in TEXTS and not isinstance(value, str):
        return f"{place} contient des textes : écrire la valeur entre guillemets, et non {json.dumps(value)}"
    if kind in NUMBERS and isinstance(value, bool | str):
        return f"{place} contient des nombres, et non « {value} »"
    known = _proved(catalogue, table, column)
    if known is None or not isinstance(value, str) or value in known:
        return None
    few = f" ; elle contient {enumeration(sorted(known))}" if len(known) <= FEW else ""
    return f"{place} ne contient jamais « {value} »{suggestion(value, sorted(known)) or few}"


def _proved(catalogue: Catalogue, table: str, column: str) -> set[str] | None:
    """The only values of a column, as dbt proves them at each build; None when it proves nothing of them."""
    if values := catalogue.project.accepted.get(table, {}).get(column):
        return values
    links = [link for link in catalogue.project.links.get(table, []) if link.column == column]
    return next((known for link in links if (known := _proved(catalogue, link.parent, link.key))), None)


def _inputs(catalogue: Catalogue, subject: str) -> str:
    """The tables behind a figure, as a control names several; empty for those that only a member of a family has."""
    if subject not in catalogue.figures.by_code:
        return ""
    sources = [source for group in catalogue.figures.sources(subject) for source in group]
    if any(map(placeholders_of, sources)):
        return ""
    return "|".join(dict.fromkeys(table for one in sources for table in catalogue.figures.tables_of(one, subject)))


def filters_control(catalogue: Catalogue) -> list[str]:
    """The SQL of the control, a select per figure and value that nothing proves."""
    # (figure, or the fact in which the members of a family are; this fact; what is kept of it)
    measured: list[tuple[str, str, Filter]] = []
    for code, declared in catalogue.figures.by_code.items():
        if mesure := declared.figure.mesure:
            measured.append((code, mesure.fait, mesure.filtre))
    for family in catalogue.figures.families.values():
        if there := family.presents_dans:
            measured.append((there.fait, there.fait, there.filtre))
    unproved = dict.fromkeys(
        (subject, fact, column, value, tuple(_listed(values)))
        for subject, fact, filtre in measured
        for column, values in filtre.items()
        for value in _listed(values)
        if isinstance(value, str) and _proved(catalogue, fact, column) is None
    )
    selects = []
    for subject, fact, column, value, kept in unproved:
        said = {"ou": subject, "sujet": f"{column} : {value}", "attendu": value, "cle": f"{column} {value}"}
        rows = f"from {{{{ ref('{fact}') }}}}"
        having = select(["exercice"], rows, where(measure.conditions({column: [*kept]})))
        known = select([column], rows, where([f"{column} is not null", f"exercice in (\n{indented([having])}\n)"]))
        changed = select(["exercice"], rows, where([f"{column} not in (\n{indented([known])}\n)"]))
        effect = "'rien'"
        if tables := _inputs(catalogue, subject):  # nobody knows how many lines say it otherwise
            said |= {"source": tables, "axes": f"|{column}={value}=|"}
            effect = "\"case when nb_lignes > 0 then 'réserve' else 'rien' end\""
        given = [f"'{RULE}'", *(f"{key}={json.dumps(literal(text), ensure_ascii=False)}" for key, text in said.items())]
        given.append(f"effet={effect}")
        held = select(["count(*) as nb_lignes"], rows, where(measure.conditions({column: value})))
        selects.append(
            select(
                [f"{{{{ {called('constat', given)} }}}}"],
                f"from (select distinct exercice {rows}) as annees\ncross join (\n{indented([held])}\n) as tenues",
                where([f"nb_lignes = 0\nor exercice in (\n{indented([changed])}\n)"]),
            )
        )
    return selects
