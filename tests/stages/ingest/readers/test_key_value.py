"""Logs of key=value pairs: a line of another form is refused, and the others are read."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest.readers.key_value import pairs
from tests.deliveries import Depot

FIELDS = [
    {"name": "jour", "title": "date", "type": "date", "constraints": {"required": True}},
    {"name": "agent", "title": "user", "personal": "pseudonymise"},
    {"name": "tunnel", "title": "tunnelid", "type": "integer"},
    {"name": "texte", "title": "msg"},
]
LOG = r"""date=2020-01-03 time=10:00:00 devname="FG 1" user="M. Dupont" tunnelid=12 msg="dit \"oui\" = non"
<189>Jan  3 10:00:01 fw01 date=2020-01-03 user=b tunnelid=13 msg=""

une ligne sans rien
date=2020-01-04 date=2020-01-05
date=2020-01-06 user="jamais refermé
date=2020-01-07 tunnelid=x
"""


def declare(depot: Depot, fields=FIELDS, **table):
    return depot.declare(fields, kind={"type": "key_value"}, table=table)


def test_a_log(depot: Depot):
    declare(depot)
    read = depot.csv(LOG, "vpn.log")
    assert [(r["_ligne"], r["tunnel"], r["texte"]) for r in read.rows] == [(1, 12, 'dit "oui" = non'), (2, 13, None)]
    assert [(r["_ligne"], r["regle"], r["recu"]) for r in read.refused] == [
        (4, "LIG-FORME", "une autre ligne"),
        (5, "LIG-FORME", "une autre ligne"),
        (6, "LIG-FORME", "une autre ligne"),
        (7, "LIG-TYPE", None),
    ]
    assert read.ignored == [(3, "ligne vide")]
    assert b"Dupont" not in b"".join(depot.lake_files().values())


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "FIC-VIDE", None),
        (b"\0\1", "FIC-NATURE", None),
        (b"date=2020-01-03\nuser=\xe9", "FIC-ENCODAGE", 2),
        (b"a=1\nb=2", "FIC-ENTETE", None),
    ],
)
def test_what_is_no_such_log(depot: Depot, content: bytes, code: str, line: int | None):
    declare(depot)
    with pytest.raises(DeliveryRefused) as raised:
        depot.csv(content)
    assert (raised.value.code, raised.value.ligne) == (code, line)


def test_the_shipped_keys_of_a_line_are_optional(depot: Depot):
    declare(depot, optional=["tunnel", "texte", "agent"])
    assert depot.csv("date=2020-01-03\ndate=2020-01-04").counts == (2, 2, 0, 0)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("a=x, b=y", {"a": "x", "b": "y"}),
        ("a=x,b=y,c=z", {"a": "x", "b": "y", "c": "z"}),
        ('a=x, b="M. X, dit Y", c=', {"a": "x", "b": "M. X, dit Y", "c": ""}),
        ("jour=2020-01-03;user=awa diop;n=1;", {"jour": "2020-01-03", "user": "awa diop", "n": "1"}),
        ("user=x; vu=a,b", {"user": "x", "vu": "a,b"}),
        ("user='M. X' n=1", {"user": "M. X", "n": "1"}),
        ("fait='l\\'eau'; n=1", {"fait": "l'eau", "n": "1"}),
        ("<189> a=x, b=y", {"a": "x", "b": "y"}),
        # spaces part the pairs: a mark is then part of a value
        ("dn=CN=Awa,OU=RH user=x", {"dn": "CN=Awa,OU=RH", "user": "x"}),
        ("a=1 b=x, c=3", {"a": "1", "b": "x,", "c": "3"}),
        ("mot=l'eau n=1", {"mot": "l'eau", "n": "1"}),
        ("a=x, a=y", None),
        ("user='jamais refermé n=1", None),
    ],
)
def test_what_parts_the_pairs_is_no_part_of_a_value(line: str, found: dict[str, str] | None):
    assert pairs(line) == found


def test_a_long_line_is_cut_in_no_time():
    assert pairs("a=" + "; ;,' " * 50_000 + '"') is None


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters='\\"'))


@settings(max_examples=25)
@given(texts=st.lists(TEXT, min_size=1, max_size=5))
def test_what_stands_in_quotes_comes_back(tmp_path_factory, texts: list[str]):
    depot = Depot(Path(tmp_path_factory.mktemp("kv")))
    declare(depot, [{"name": "rang", "title": "n"}, {"name": "texte", "title": "msg"}])
    read = depot.csv("\n".join(f'n={n} msg="x{text}x" fin=1' for n, text in enumerate(texts)))
    assert [row["rang"] for row in read.rows] == [str(n) for n in range(len(texts))]
    assert read.counts[2] == 0


@pytest.mark.parametrize("text", ['a=1 b="' + 'x\\"' * 200_000, "a=1; b=" + "x;" * 200_000 + '"'])
def test_a_long_value_without_an_end_costs_no_memory(text: str):
    tracemalloc.start()
    pairs(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * len(text)
