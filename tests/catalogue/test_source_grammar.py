"""Where a table finds its records: what can be declared for each format, and what cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.catalogue.patterns import is_named
from pipelines.catalogue.source_grammar import Export

FIELDS = [{"name": "code", "title": "Code"}]


def export(kind: dict, *tables: dict, **keys) -> Export:
    named = [{"name": f"t{n}", "title": "T", "fields": FIELDS, **table} for n, table in enumerate(tables or ({},))]
    return Export.model_validate({"name": "e", "title": "E", "files": "*", "format": kind, "tables": named, **keys})


@pytest.mark.parametrize(
    ("kind", "tables", "keys", "said"),
    [
        ({"type": "csv"}, [{"sheet": "A"}], {}, "pour un classeur seulement"),
        ({"type": "xlsx"}, [{"sheet": []}], {}, "non vide"),
        ({"type": "csv"}, [{"member": "a"}], {}, "pour une archive seulement"),
        ({"type": "csv"}, [{"records": "a"}], {}, "pour json et xml seulement"),
        ({"type": "jsonl"}, [{"records": "a"}], {}, "pour json et xml seulement"),
        ({"type": "xml"}, [{}], {}, "donner le chemin des enregistrements depuis la racine"),
        ({"type": "csv"}, [{}], {"unread": ["a"]}, "pour les classeurs, les archives, json, jsonl et xml seulement"),
        ({"type": "csv"}, [{}, {}], {}, "a une table, et une seule"),
        ({"type": "key_value"}, [{}, {}], {}, "a une table, et une seule"),
        ({"type": "csv"}, [{"member": "a"}, {"member": "a"}], {"archive": "zip"}, "est une seule table"),
        ({"type": "xls"}, [{"sheet": ["A", "B"]}, {"sheet": "B"}], {}, "la même feuille"),
        ({"type": "ods"}, [{}, {}], {}, "la même feuille"),
        ({"type": "csv", "header": False}, [{}], {}, 'login: "1"'),
        ({"type": "csv", "header": False}, [{"header": {2020: {"code": "Code"}}}], {}, 'login: "1"'),
        (
            {"type": "csv", "header": False, "title": "x"},
            [{"header": {2020: {"code": "1"}}}],
            {},
            "pas de ligne de titre",
        ),
        ({"type": "csv"}, [{}], {"archive": "zip", "database": "glpi"}, "s’écrit en csv"),
    ],
)
def test_what_a_declaration_cannot_say_is_refused(kind: dict, tables: list[dict], keys: dict, said: str):
    with pytest.raises(ValidationError, match=said):
        export(kind, *tables, **keys)


def test_what_can():
    assert export({"type": "csv"}, {"member": "a*"}, {"member": "b*"}, archive="zip", unread=["c*"]).unread == ["c*"]
    assert export({"type": "xls"}, {"member": "a", "sheet": "B"}, {"member": "b", "sheet": "B"}, archive="zip")
    assert export({"type": "xml"}, {"records": "a/b"}, {"records": "a/c"})
    assert export({"type": "ods"}, {"sheet": ["A", "B*"]}, {}).tables[0].reads_sheet("bis")


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("AGENTS.CSV", "agents*.csv", True),
        ("2020/agents.csv", "agents.csv", True),
        ("2020/agents.csv", "2019/*.csv", False),
        ("Relevé  2020", "RELEVÉ 2020", True),
        ("agents.csv.bak", "agents.csv", False),
    ],
)
def test_patterns(name: str, pattern: str, fits: bool):
    assert is_named(name, pattern) is fits


@given(st.text(st.characters(codec="utf-8", exclude_characters="*?[]/"), min_size=1))
def test_a_name_is_its_own_pattern_whatever_its_case(name: str):
    assert is_named(name, name)
    assert is_named(name.casefold(), name)
