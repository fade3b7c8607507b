"""XML at a path: attributes and children by path, counted by another parser, and any DOCTYPE refused."""

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.evidence.findings import unread, unread_of
from tests.deliveries import Depot

FIELDS = [
    {"name": "code", "title": "@id", "constraints": {"required": True}},
    {"name": "libelle", "title": "demandeur/nom"},
    {"name": "service", "title": "demandeur/@service"},
]


def declare(depot: Depot, records: str = "export/tickets/ticket", fields=FIELDS, **table):
    return depot.declare(fields, kind={"type": "xml"}, files="*.xml", table={"records": records, **table})


def refusal(depot: Depot, content: str | bytes) -> DeliveryRefused:
    with pytest.raises(DeliveryRefused) as raised:
        depot.csv(content, "export.xml")
    return raised.value


TICKETS = """<?xml version="1.0" encoding="ISO-8859-1"?>
<export xmlns="urn:outil" xmlns:x="urn:autre">
 <!-- <ticket id="0"/> --><ticket id="ailleurs"/>
 <tickets>
  <ticket x:id="A1"><demandeur service="État civil"><nom> Zoé <b>B.</b></nom></demandeur></ticket>
  <ticket
     id="A2"><lie><ticket id="dedans"/></lie></ticket>
  <ticket/>
 </tickets>
</export>"""


def test_utf_8_by_the_name_that_many_programs_give_it(depot: Depot):
    declare(depot)
    text = TICKETS.replace("ISO-8859-1", "utf8")
    assert depot.csv(text, "export.xml").rows[0]["libelle"] == "Zoé B."
    assert depot.csv("\ufeff" + text.replace('"utf8"', "'UTF8'"), "marked.xml").counts[1] == 2


def test_records_at_a_path_with_their_lines(depot: Depot):
    declare(depot)
    read = depot.csv(TICKETS.encode("iso-8859-1"), "EXPORT.XML")
    assert [(r["_ligne"], r["code"], r["libelle"], r["service"]) for r in read.rows] == [
        (5, "A1", "Zoé B.", "État civil"),
        (6, "A2", None, None),
    ]
    assert (read.counts, read.ignored) == ((3, 2, 0, 1), [(8, "ligne vide")])


def test_the_text_of_the_record_and_records_on_one_line(depot: Depot):
    declare(depot, "l/e", [{"name": "code", "title": "."}])
    read = depot.csv("<l><e>a</e><e>b</e>\n<e>c</e></l>")
    assert [(r["_ligne"], r["code"]) for r in read.rows] == [(1, "a"), (2, "b"), (3, "c")]  # ranks


COMMUNES = """<export annee="2020">
 <commune code="A"><page/><ticket id="1"/><ticket id="2"><nom>le sien</nom></ticket><nom>Arche</nom></commune>
 <commune code="B"><nom>Bault</nom><ticket id="3"/></commune><commune code="C"/>
 <commune><ticket id="4"/></commune><pied><source>outil</source><source-b/></pied>
</export>"""
ABOVE = {"code": "@id", "commune": "../@code", "nom": "../nom", "annee": "../../@annee", "source": "../../pied/source"}


def test_a_heading_may_begin_in_what_holds_the_records(depot: Depot):
    """Attributes and elements, before or after them; those of one commune are never another one's."""
    declare(depot, "export/commune/ticket", [{"name": name, "title": at} for name, at in ABOVE.items()])
    read = depot.csv(COMMUNES)
    assert [(r["code"], r["commune"], r["nom"], r["annee"], r["source"]) for r in read.rows] == [
        ("1", "A", "Arche", "2020", "outil"),
        ("2", "A", "Arche", "2020", "outil"),
        ("3", "B", "Bault", "2020", "outil"),
        ("4", None, None, "2020", "outil"),
    ]


def test_two_values_above_the_records_are_refused(depot: Depot):
    declare(depot, "l/c/t", [{"name": "code", "title": "@id"}, {"name": "nom", "title": "../nom"}])
    refused = refusal(depot, '<l><c><nom>a</nom><t id="1"/>\n<t id="2"/><nom>b</nom></c></l>')
    assert (refused.colonne, refused.ligne) == ("../nom", 1)


def test_a_heading_climbs_no_higher_than_the_root(depot: Depot):
    with pytest.raises(ValueError, match="au-dessus d’un enregistrement"):
        declare(depot, "l/t", [{"name": "code", "title": "@id"}], header={2020: {"code": "../../@id"}})


BESIDE = """<export><tickets>
<ticket id="A1"/><Ticket id="A2"/><ticket id="A3"/>
<lot/><auteur/><lot/>
</tickets><tickets><lot/></tickets><page/><page/></export>"""


def test_what_stands_beside_the_records_and_looks_like_some_is_not_passed_over(depot: Depot):
    declare(depot, fields=FIELDS[:1])
    read = depot.csv(BESIDE, "export.xml")
    assert [row["code"] for row in read.rows] == ["A1", "A3"]
    assert {(one.element, one.lignes, one.ecartee) for one in read.manifest.non_lus} == {
        ("export/tickets/Ticket", 1, False),
        ("export/tickets/lot", 3, False),
    }
    ref = depot.ref
    (found,) = [
        unread(read.manifest, one, load_catalogue().rules)
        for one in unread_of(read.manifest, depot.registry())
        if one.lignes == 1
    ]
    assert found.recu == "1 enregistrement non lu"
    assert found.fichier == "export.xml, éléments « export/tickets/Ticket »"
    name = "export/tickets/Ticket"
    assert (
        found.attendu
        == f'une colonne ou une table (records: "{name}") qui les lit, ou unread: ["{name}"] à l’export {ref.key}'
    )


def test_elements_that_another_table_reads_or_nobody_needs_are_no_finding(depot: Depot):
    tables = [
        {"name": name, "title": name, "records": f"export/tickets/{name}", "fields": [{"name": "id", "title": "@id"}]}
        for name in ("ticket", "lot")
    ]
    depot.declare(kind={"type": "xml"}, files="*.xml", export={"unread": ["export/tickets/Tick*"], "tables": tables})
    read = depot.csv(BESIDE.replace("<lot/>", '<lot id="1"/>'), "export.xml")
    assert unread_of(read.manifest, depot.registry()) == []


FAR = """<r maj="1"><ls><l id="1"><nom>a</nom><suivi><s j="1"/><s j="2"/></suivi><mots><m>x</m><m>y</m></mots></l></ls>
<ls><l id="2"><suivi><s j="3"/></suivi></l><titre>Lus</titre></ls>
<vieux><archives annee="2019"><l id="8"><p n="1"/><p n="2"/></l><l id="9"/></archives></vieux><auteur><nom>x</nom></auteur></r>"""


@pytest.mark.parametrize(
    ("more", "lists"),
    [
        ({}, {("r/ls/l/suivi/s", 3), ("r/vieux/archives/l", 2)}),
        ({"title": "suivi/s/@j"}, {("r/vieux/archives/l", 2)}),  # a declaration reads it
    ],
)
def test_what_looks_like_records_anywhere_else_is_not_passed_over(depot: Depot, more: dict, lists: set):
    declare(depot, "r/ls/l", [{"name": "code", "title": "@id"}, *([{"name": "jour", **more}] if more else [])])
    content = FAR if not more else FAR.replace('<s j="1"/>', "").replace('<s j="2"/>', '<s j="2"/><s j="2"/>')
    read = depot.csv(content, "export.xml")
    assert {(one.element, one.lignes) for one in read.manifest.non_lus} == lists


def test_a_document_that_names_each_element_its_own_way_is_not_a_list(depot: Depot):
    declare(depot, "r/l", [{"name": "code", "title": "@id"}])
    names = "".join(f'<e{rank} a="1"/><e{rank} a="2"/>' for rank in range(3000))
    read = depot.csv(f'<r><l id="1"/><x>{names}</x></r>', "export.xml")
    assert len(read.manifest.non_lus) < 1000


def test_what_leads_to_the_records_of_another_export_is_read_there(depot: Depot):
    code = [{"name": "code", "title": "@id"}]
    depot.declare(code, system="autre", kind={"type": "xml"}, files="/*.xml", table={"records": "r/vieux/l"})
    declare(depot, "r/l", code)
    old = '<vieux a="1"><l id="2"/></vieux><vieux a="2"/>'
    read = depot.csv(f'<r><l id="1"/>{old}{old.replace("vieux", "autre")}</r>', "export.xml")
    assert [one.element for one in read.manifest.non_lus] == ["r/vieux", "r/autre"]
    assert [one.element for one in unread_of(read.manifest, depot.registry())] == ["r/autre"]


def test_a_list_may_be_empty(depot: Depot):
    declare(depot)
    assert depot.csv("<export><tickets/></export>").counts == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "FIC-VIDE", None),
        ("Code;x", "FIC-XML", 1),
        ("<export>\n<tickets><ticket id='1'>", "FIC-XML", 2),
        (b"<export>\n<tickets><ticket id='\xe9'/></tickets></export>", "FIC-XML", 2),
        ("<autre><ticket/></autre>", "FIC-XML", 1),
        ('<!DOCTYPE export [<!ENTITY a "aaaa">]>\n<export>&a;</export>', "FIC-DOCTYPE", 1),
        ('<!DOCTYPE export SYSTEM "file:///etc/passwd"><export/>', "FIC-DOCTYPE", 1),
        ("<export><tickets>\n<ticket a='1'/></tickets></export>", "FIC-ENTETE", None),
        (
            "<export><tickets>\n<ticket id='1'><demandeur><nom>a</nom></demandeur><demandeur><nom>b</nom></demandeur></ticket>"
            "</tickets></export>",
            "FIC-XML",
            2,
        ),
    ],
)
def test_what_is_not_sound_is_refused_with_its_line(depot: Depot, content, code: str, line: int | None):
    declare(depot)
    refused = refusal(depot, content)
    assert (refused.code, refused.ligne, refused.fichier) == (code, line, "export.xml")
    assert not str(content).startswith("<autre") or "export/tickets" in refused.attendu


def test_a_deep_document_is_refused(depot: Depot):
    declare(depot)
    deep = "<export><tickets><ticket id='1'>" + "<a>" * 5000 + "</a>" * 5000 + "</ticket></tickets></export>"
    assert refusal(depot, deep).code == "FIC-TAILLE"


@pytest.mark.parametrize(
    ("ticket", "code", "said"),
    [
        (f"<ticket id='1'><a><![CDATA[{'x' * 10_100_000}]]></a></ticket>", "FIC-TAILLE", "dix millions de caractères"),
        (f"<ticket id='1'><{'a' * 50_100}/></ticket>", "FIC-TAILLE", "des noms de 50 000"),
        ("<ticket id='1'><a xml:id='1'/></ticket>", "FIC-XML", "commencent par une lettre"),
        ("<ticket id='1'><a xml:id='a'/><a xml:id='a'/></ticket>", "FIC-XML", "tous différents"),
        ("<ticket id='1' xmlns:n='{adresse}'/>", "FIC-XML", "sans espace ni accolade"),
        ("<ticket id='1' xmlns:n='une adresse'/>", "FIC-XML", "sans espace ni accolade"),
    ],
)
def test_what_lxml_does_not_read_of_a_well_formed_document_is_named(depot: Depot, ticket: str, code: str, said: str):
    declare(depot)
    refused = refusal(depot, f"<export><tickets>{ticket}</tickets></export>")
    assert refused.code == code and said in refused.attendu
