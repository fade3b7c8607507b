"""JSON and JSONL: exact numbers, real line numbers, and a clear message for invalid files."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest.readers import json_file
from tests.deliveries import Depot

FIELDS = [
    {"name": "code", "title": "id", "constraints": {"required": True}},
    {"name": "libelle", "title": "user.name"},
    {"name": "montant", "title": "montant", "type": "number", "decimals": 2},
]


def declare(depot: Depot, kind: str = "json", records: str | None = None, fields=FIELDS, **table):
    where = {"records": records} if records else {}
    return depot.declare(fields, kind={"type": kind}, table={**where, **table})


def refusal(depot: Depot, content: str | bytes) -> DeliveryRefused:
    with pytest.raises(DeliveryRefused) as raised:
        depot.csv(content, "export.json")
    return raised.value


def values(read):
    return [(r["_ligne"], r["code"], r["libelle"], r["montant"]) for r in read.rows]


def test_a_text_that_does_not_end_is_read_once(depot: Depot):
    """Each quotation mark in it may begin a text: 200 000 of them took minutes."""
    declare(depot, records="l")
    endless = '"' + '\\"' * 200_000
    assert [token[0] for token in json_file._TOKEN.finditer(endless)] == [endless]
    assert refusal(depot, '{"l": [{"id": ' + endless).code == "FIC-TRONQUE"


def test_records_at_a_path_with_their_lines(depot: Depot):
    declare(depot, records="data.tickets")
    read = depot.csv(
        """\ufeff{"count": [2, {"x": "]}"}], "data": {"autre": {}, "tickets": [
  {"id": "A1", "user": {"name": "Zoé, \\"Z\\""}, "montant": 1234567890123.45},
  {
    "id": 12345678901234567890,
    "montant": null
  },

  {"id": true, "user.name": "l’une\\r\\nl’autre", "montant": 1e2}
]}}
""",
        "export.json",
    )
    assert values(read) == [
        (2, "A1", 'Zoé, "Z"', Decimal("1234567890123.45")),
        (3, "12345678901234567890", None, None),
    ]
    assert [(r["_ligne"], r["regle"], r["recu"]) for r in read.refused] == [(8, "LIG-TYPE", "1e2")]


ABOVE = [
    {"name": "code", "title": "id", "constraints": {"required": True}},
    {"name": "service", "title": "../service.nom"},
    {"name": "annee", "title": "../../../annee"},
]
SERVICES = """{"lots": [{"services": [
 {"tickets": [{"id": 1}, {"id": 2, "service": {"nom": "le sien"}}], "service": {"nom": "Eau", "n": [1, "]}"]}},
 {"service": {"nom": "Voirie"}, "tickets": []},
 {"tickets": [{"id": 3}]}
]}], "annee": 2020}"""


def test_a_heading_may_begin_in_what_holds_the_records(depot: Depot):
    """Before or after them; an object that does not say it gives nothing, and not what the one before it said."""
    declare(depot, records="lots.services.tickets", fields=ABOVE)
    read = depot.csv(SERVICES, "export.json")
    assert [(r["code"], r["service"], r["annee"]) for r in read.rows] == [
        ("1", "Eau", "2020"),
        ("2", "Eau", "2020"),
        ("3", None, "2020"),
    ]
    assert read.manifest.non_lus == []


def test_what_no_object_above_the_records_says_is_a_heading_that_lacks(depot: Depot):
    declare(depot, records="lots.services.tickets", fields=[ABOVE[0], {"name": "service", "title": "../servise"}])
    assert refusal(depot, SERVICES).attendu == "colonnes manquantes : ../servise"


@pytest.mark.parametrize(
    ("content", "line"), [('{"t": [{"id": 1}],\n"s": {"a": 1, "a": 2}}', 2), ('{"t": [{"id": 1}],\n"s":', 2)]
)
def test_what_is_not_sound_beside_the_records_is_refused_with_its_line(depot: Depot, content: str, line: int):
    declare(depot, records="t", fields=[ABOVE[0], {"name": "s", "title": "../s"}])
    assert refusal(depot, content).ligne == line


@pytest.mark.parametrize(
    ("kind", "records", "heading"),
    [("json", None, "../a"), ("json", "a.b", "../../../c"), ("jsonl", None, "../a"), ("json", "a", "../")],
)
def test_a_heading_climbs_no_higher_than_the_document(depot: Depot, kind: str, records: str | None, heading: str):
    with pytest.raises(ValueError, match="au-dessus d’un enregistrement"):
        declare(depot, kind, records, fields=[{"name": "code", "title": "id"}], header={2020: {"code": heading}})


def test_records_in_lists_of_lists_and_values_that_are_no_text(depot: Depot):
    fields = [
        {"name": "code", "title": "id"},
        {"name": "libelle", "title": "tags"},
        {"name": "montant", "title": "tags.1", "type": "number"},
    ]
    declare(depot, records="services.agents", fields=fields)
    read = depot.csv(
        '{"services": [{"agents": [{"id": 1, "tags": ["é", 2.50]}]}, {"agents": []}, {"agents": [{"id": 2}]}]}'
    )
    assert values(read) == [(1, "1", '["é", 2.50]', Decimal("2.50")), (2, "2", None, None)]  # one line: ranks


@pytest.mark.parametrize(
    ("kind", "records", "content", "lists"),
    [
        (
            "json",
            "data.lignes",
            '{"data": {"lignes": [{"id": 1, "user": {"name": "a"}, "montant": 1, "tags": [1], "suivi": [{"j": 1}]},'
            ' {"suivi": [{"j": 2, "l": [{}]}, 3]}], "archives": [{"id": 2}, {"id": 3}], "n": [1, 2], "seul": {"id": 4}},'
            ' "vieux": {"a.martin": [{"id": 5}], "b@c.fr": [[{"id": 6}]]}}',
            {("data.lignes.suivi", 2), ("data.archives", 2), ("vieux.*", 2)},
        ),
        (
            "json",
            "s.l",
            '{"s": [{"l": [{"id": 1, "user": {"name": "a"}, "montant": 1}], "m": [{}]}, {"l": [], "m": [{}]}]}',
            {("s.m", 2)},
        ),
        ("jsonl", None, '{"id": 1, "user": {"name": "a", "roles": [{"r": 1}]}, "montant": 1}', {("user.roles", 1)}),
        ("json", None, '[{"id": [{"x": 1}], "user": {"name": "a"}, "montant": 1}]', set()),  # a declaration reads it
    ],
)
def test_what_looks_like_records_anywhere_else_is_not_passed_over(depot: Depot, kind, records, content, lists):
    declare(depot, kind, records)
    read = depot.csv(content, "export.json")
    assert {(one.element, one.lignes) for one in read.manifest.non_lus} == lists


KEYED = [
    {"name": "code", "title": "*", "constraints": {"required": True}},
    {"name": "libelle", "title": "fields.ref"},
    {"name": "rang", "title": "../*"},
]


@pytest.mark.parametrize(
    ("records", "content", "rows"),
    [
        (
            "objects.*",
            '{"code": 0, "objects": {"UserRequest::1": {"fields": {"ref": "R-1"}},\n"Incident::2": {"fields": {}}}}',
            [(1, "UserRequest::1", "R-1"), (2, "Incident::2", None)],
        ),
        (
            "objects.*",
            '{"objects": {"2020": [{"fields": {"ref": "a"}}, {"fields": {"ref": "b"}}], "2021": []}}',
            [(1, "2020", "a"), (2, "2020", "b")],
        ),
        ("*", '{"12": {"fields": {"ref": "a"}}}', [(1, "12", "a")]),
        (
            "pages.objects.*",
            '{"pages": [{"objects": {"x": {"fields": {"ref": 1}}}},\n{"objects": {"y": {}}}]}',
            [(1, "x", "1"), (2, "y", None)],
        ),
        ("objects.*", '{"objects": {}}', []),
    ],
)
def test_records_under_the_keys_of_an_object(depot: Depot, records: str, content: str, rows: list):
    declare(depot, records=records, fields=KEYED[:2])
    read = depot.csv(content, "export.json")
    assert [(r["_ligne"], r["code"], r["libelle"]) for r in read.rows] == rows


def test_the_key_of_what_holds_the_records(depot: Depot):
    header = {2020: {"code": "fields.ref", "rang": "../*", "libelle": "../u"}}
    declare(depot, records="objects.*.lignes", fields=KEYED, header=header)
    read = depot.csv(
        '{"objects": {"A": {"lignes": [{"fields": {"ref": 1}}], "u": "x"}, "B": {"lignes": [{"fields": {"ref": 2}}]}}}',
        "export.json",
    )
    assert [(r["code"], r["rang"], r["libelle"]) for r in read.rows] == [("1", "A", "x"), ("2", "B", None)]


@pytest.mark.parametrize(
    ("content", "received"),
    [
        ('{"objects": null}', "une valeur seule"),
        ('{"objects": {"a": 1}}', "un nombre"),
        ('{"others": {}}', "un document sans ce chemin"),
    ],
)
def test_keys_that_hold_no_record(depot: Depot, content: str, received: str):
    declare(depot, records="objects.*", fields=KEYED[:1])
    found = refusal(depot, content)
    assert (found.code, found.recu) == ("FIC-JSON", received)


@pytest.mark.parametrize(("records", "heading"), [("objects", "*"), ("objects.*", "../*"), ("objects.*", "../x")])
def test_only_a_key_that_records_lie_under_is_a_heading(depot: Depot, records: str, heading: str):
    with pytest.raises(ValueError, match="header"):
        declare(depot, records=records, fields=KEYED[:2], header={2020: {"code": heading, "libelle": "fields.ref"}})


def test_a_list_that_nobody_needs_is_set_aside(depot: Depot):
    depot.declare(FIELDS, kind={"type": "json"}, table={"records": "l"}, export={"unread": ["vieux.*"]})
    record = '{"id": 1, "user": {"name": "a"}, "montant": 1}'
    read = depot.csv(f'{{"vieux": {{"a.b": [{{}}]}}, "l": [{record}], "m": [{{}}]}}', "export.json")
    assert {(one.element, one.ecartee) for one in read.manifest.non_lus} == {("vieux.*", True), ("m", False)}


def test_a_list_at_the_root_may_be_empty(depot: Depot):
    declare(depot)
    assert depot.csv("[]").counts == (0, 0, 0, 0)
    assert depot.csv('[{"id": 1, "user": {"name": ""}, "montant": 1}]', "b.json").counts == (1, 1, 0, 0)


def test_lines(depot: Depot):
    declare(depot, "jsonl")
    read = depot.csv(
        '{"id": 1, "user": {"name": "a"}, "montant": 0.10}\n\n  {"id": 2}\r\n{"id": null, "montant": 1}', "export.jsonl"
    )
    assert values(read) == [(1, "1", "a", Decimal("0.10")), (3, "2", None, None)]
    assert (read.ignored, [r["_ligne"] for r in read.refused], read.counts) == ([(2, "ligne vide")], [4], (4, 2, 1, 1))


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "FIC-VIDE", None),
        (b"  \n", "FIC-VIDE", None),
        (b"PK\x03\x04\0\0", "FIC-NATURE", None),
        (b'[{"id": 1},\n{"id": "\xe9"}]', "FIC-ENCODAGE", 2),
        ('[{"id": 1},\n{"id": 2', "FIC-TRONQUE", 2),
        ('[{"id": 1},\n{"id": "2', "FIC-TRONQUE", 2),
        ('[{"id": 1},\n', "FIC-TRONQUE", 2),
        ('[{"id": 1}\n{"id": 2}]', "FIC-JSON", 2),
        ('[{"id": 1},\n]', "FIC-JSON", 2),
        ('[{"id": 1}]\n[]', "FIC-JSON", 2),
        ('[{"id": 1},\n3]', "FIC-JSON", 2),
        ('[{"id": 1},\n[]]', "FIC-JSON", 2),
        ('[{"id": 1},\n{"id": 2, "id": 3}]', "FIC-JSON", 2),
        ('[{"id": 1},\n{"id": NaN}]', "FIC-JSON", 2),
        ('[{"id": 1},\n{"id": "a\tb"}]', "FIC-JSON", 2),
        ('[{"id": 1},\n{"id": "\\u0000"}]', "FIC-ENCODAGE", 2),
        ('[{"id": 1},\n{"id": "\\ud800"}]', "FIC-ENCODAGE", 2),
        ('[{"id": 1, "user": {"name": 1}, "user.name": 2}]', "FIC-COLONNE-DOUBLE", 1),
        ("[\n" + "[" * 100_000, "FIC-TAILLE", 2),
        ('{"data": []}', "FIC-JSON", 1),
        ("3", "FIC-JSON", 1),
        ('[{"autre": 1}]', "FIC-ENTETE", None),
    ],
)
def test_what_is_not_sound_is_refused_with_its_line(depot: Depot, content, code: str, line: int | None):
    declare(depot)
    refused = refusal(depot, content)
    assert (refused.code, refused.ligne) == (code, line)


@pytest.mark.parametrize(
    ("content", "received"),
    [
        ('{"meta": 1}', "un document sans ce chemin"),
        ('{"data": {"tickets": {}}}', "un objet"),
        ('{"data": 3}', "une valeur seule"),
        ('{"data": {}, "data": {}}', None),
    ],
)
def test_a_path_that_leads_to_no_list(depot: Depot, content: str, received: str | None):
    declare(depot, records="data.tickets")
    refused = refusal(depot, content)
    assert (refused.code, refused.recu) == ("FIC-JSON", received)


def test_lists_without_end_above_the_records_are_refused(depot: Depot):
    declare(depot, records="data.tickets")
    assert refusal(depot, "[" * 100_000).code == "FIC-TAILLE"


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ('{"id": 1}\n{"id": ', "FIC-TRONQUE", 2),
        ('{"id": 1}\n[1]', "FIC-JSON", 2),
        ('{"id": 1}\n{"id": 1} {"id": 2}', "FIC-JSON", 2),
        (b'{"id": 1}\n{"id": "\xe9"}', "FIC-ENCODAGE", 2),
        (b"\n\n", "FIC-VIDE", None),
        (b"", "FIC-VIDE", None),
    ],
)
def test_a_line_that_is_not_sound(depot: Depot, content, code: str, line: int | None):
    declare(depot, "jsonl")
    refused = refusal(depot, content)
    assert (refused.code, refused.ligne) == (code, line)


def test_no_value_of_a_person_is_in_a_refusal(depot: Depot):
    declare(depot, fields=[{**FIELDS[0], "personal": "pseudonymise"}])
    for content in ('[{"id": "Dupont", "id": "Durand"}]', '[{"id": "Dupont" "x"}]', '["Dupont"]', '[{"Dupont": 1}]'):
        assert "Dupont" not in str(refusal(depot, content))


RECORD = st.fixed_dictionaries(
    {"id": st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).map("x{}".format)},
    optional={
        "user": st.fixed_dictionaries({"name": st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)))})
    },
)


@settings(max_examples=25)
@given(records=st.lists(RECORD, max_size=5), indent=st.sampled_from([None, 1]), lines=st.booleans())
def test_every_record_is_counted(tmp_path_factory, records: list, indent: int | None, lines: bool):
    depot = Depot(tmp_path_factory.mktemp("json"))
    records = [{"id": "x", "user": {"name": "y"}}, *records]
    declare(depot, "jsonl" if lines else "json", fields=FIELDS[:2])
    written = (json.dumps(one, ensure_ascii=False) for one in records)
    read = depot.csv("\n".join(written) if lines else json.dumps(records, indent=indent))
    assert read.counts == (len(records), len(records), 0, 0)


def test_a_key_that_no_record_of_any_file_has_is_not_given(depot: Depot):
    """A tool leaves out what is empty: one file of several proves nothing."""
    declare(depot, kind="jsonl", optional=["libelle"])
    without, other = (depot.drop(f'{{"id": "{n}", "montant": 1}}', f"{n}.json") for n in "AB")
    (counts,) = depot.ingest(without).manifest.tables.values()
    assert counts.lacking == ["libelle"]
    (counts,) = depot.ingest(without, other).manifest.tables.values()
    assert counts.lacking == ["libelle"]
    named = depot.drop('{"id": "C", "user": {"name": "x"}, "montant": 1}', "C.json")
    (counts,) = depot.ingest(without, named).manifest.tables.values()
    assert counts.sans_champ == {}
