"""Reads a row of `millesime rejects --format csv` as its supplier does, who has this row and the file, and nothing else."""

import re
from collections.abc import Collection

from pipelines.catalogue.source_grammar import Table
from pipelines.cli.rejects import REJECTS, row_of
from pipelines.evidence.rejects import REFUSED_DELIVERY, REFUSED_LINE, TO_CHECK, Reject
from tests.french import english, python

INTERNAL = re.compile(r"[{}]|\bexpect_|\bmillesime decide\b|\b[a-z]+(?:_[a-z]+)+\b|\b(?:true|false|null|nan)\b")
VAGUE = ("la forme déclarée",)


def read(reject: Reject, table: Table, exercice: int, *, expected: Collection[str] = ()) -> dict:
    """The row of a reject, once everything that is needed to mend its file is found there.

    ``expected``: values and bounds that it must name.
    """
    row = row_of(reject)
    assert {*REJECTS} <= row.keys()
    assert row["gravite"] in (REFUSED_DELIVERY, REFUSED_LINE, TO_CHECK)
    for name in ("fichier", "table", "titre", "recu", "attendu", "aide"):
        assert row[name], f"nothing is said of {name}: {row}"
    headings = set(table.titles_in_files(exercice).values())
    named = [one for one in (row["colonne"] or "").split(", ") if one]
    assert row["colonne"] in headings or set(named) <= headings, row
    for name in ("titre", "attendu", "aide"):
        text = re.sub("« [^»]* »|`[^`]*`", "", row[name])
        for word in (*headings, *(word for one in table.fields for word in (*one.trueValues, *one.falseValues))):
            text = text.replace(word, "")  # as the file writes it
        found = [*INTERNAL.findall(text), *english(text), *python(text), *(one for one in VAGUE if one in text)]
        assert not found, f"{found} in {name}: {row[name]}"
    assert not [
        field.name for field in table.fields if f"« {field.name} » :" in row["recu"] and field.name not in headings
    ]
    assert not python(row["recu"]), row["recu"]
    for said in expected:
        assert said in row["attendu"], f"{said} is not in {row['attendu']}"
    return row
