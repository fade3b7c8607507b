"""The budget reader: every element once, with its line and values; hostile or broken files are refused."""

import csv
import re
from pathlib import Path

import pytest

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest.readers.tool_formats.budget_xml import COLUMNS, lost
from pipelines.stages.ingest.readers.tool_formats.budget_xml import read as read_budget_xml
from tests.layers import rules
from tests.stages.ingest.budget_documents import NAMESPACE, budget, document, line, loan

FIXTURES = Path(__file__).parents[4] / "fixtures" / "budget"
TABLES = ["documents", "lignes", "emprunts"]
CA = [line("6064", "D", CredOuv="10.00", MtReal="8.50"), line("70878", "R", CredOuv="10.00")]


def read(tmp_path: Path, content: bytes) -> dict:
    """Read ``content``: table → its Records."""
    path = tmp_path / "document.xml"
    path.write_bytes(content)
    return read_budget_xml(path, "document.xml", TABLES, tmp_path)


def rows(records) -> list[dict[str, str]]:
    """The records as dictionaries; ``_ligne`` is the physical line."""
    with records.path.open(encoding="utf-8", newline="") as file:
        return [dict(zip(["_ligne", *records.columns], cells, strict=True)) for cells in csv.reader(file)]


def apart(records) -> list[tuple[int, str]]:
    """What is set apart: (line, why)."""
    with records.apart.open(encoding="utf-8", newline="") as file:
        return [(int(line), reason) for line, reason in csv.reader(file)]


def refusal(tmp_path: Path, content: bytes) -> DeliveryRefused:
    """The refusal of ``content``."""
    with pytest.raises(DeliveryRefused) as caught:
        read(tmp_path, content)
    return caught.value


@pytest.mark.parametrize(
    ("name", "lines", "calculated", "loans"),
    [
        ("crach_principal_CA_2021", 196, 0, 15),
        ("crach_annexe_CA_2021", 20, 0, 3),
        ("crach_principal_BP_2022", 201, 0, 14),
        ("crach_annexe_BP_2022", 21, 0, 3),
        ("crach_principal_DM2_2021", 185, 0, 15),
        ("mohon_CFU_2023", 796, 633, 6),
    ],
)
def test_real_documents_are_read_whole(tmp_path: Path, name: str, lines: int, calculated: int, loans: int) -> None:
    path = FIXTURES / f"{name}.xml"
    found = read_budget_xml(path, path.name, TABLES, tmp_path)
    kept = rows(found["lignes"])
    assert found["lignes"].read == lines == len(kept) + calculated
    assert [reason for _, reason in apart(found["lignes"])] == ["ligne calculée"] * calculated
    assert found["lignes"].ignored == calculated
    assert found["emprunts"].read == loans == len(rows(found["emprunts"])) + found["emprunts"].ignored
    (about,) = rows(found["documents"])
    assert (about["NbLignes"], about["NbLignesCalculees"]) == (str(len(kept)), str(calculated))


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.xml")), ids=lambda path: path.stem)
def test_line_numbers_are_those_of_the_file(tmp_path: Path, path: Path) -> None:
    text = path.read_text(encoding="iso-8859-1").splitlines()
    expected = [number for number, content in enumerate(text, start=1) if "<LigneBudget" in content]
    found = read_budget_xml(path, path.name, TABLES, tmp_path)["lignes"]
    assert sorted([int(row["_ligne"]) for row in rows(found)] + [n for n, _ in apart(found)]) == expected


def test_heading_of_a_real_document(tmp_path: Path) -> None:
    path = FIXTURES / "crach_annexe_CA_2021.xml"
    (about,) = rows(read_budget_xml(path, path.name, TABLES, tmp_path)["documents"])
    expected = {
        "NumBudget": "1",
        "IdEtab": "21560046100085",
        "LibelleEtab": "LOTISSEMENT LE BOCENO",
        "CodTypBud": "A",
        "IdEtabPal": "21560046100010",
        "LibelleEtabPal": "BUDGET PRINCIPAL",
        "Nomenclature": "M14-M14_COM_500_3500",
        "Exer": "2021",
        "NatDec": "09",
        "NumDec": "",
        "DteStr": "2022-03-01",
        "ReprRes": "3",
        "CodInseeColl": "56046",
        "Scellement@sha1": "9806ACE3E1A597C3DFEB62E7FE44173DCAB4A337",
    }
    assert about | expected == about


def test_every_declared_heading_is_one_that_the_reader_gives() -> None:
    from pipelines.catalogue.load import load_catalogue

    for table in load_catalogue().registry.export_of("budget/documents").export.tables:
        assert sorted(table.header_of(2020).values()) == sorted(COLUMNS[table.name])


def test_several_budgets_in_one_file_keep_their_lines_apart(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        document(
            budget("09", 2019, CA),
            budget("09", 2019, CA[:1], kind="A", siret="21000000600027", loans=[loan()]),
        ),
    )
    assert [
        (row["NumBudget"], row["CodTypBud"], row["NbLignes"], row["NbEmprunts"]) for row in rows(found["documents"])
    ] == [
        ("1", "P", "2", "0"),
        ("2", "A", "1", "1"),
    ]
    assert [(row["NumBudget"], row["NumLigne"], row["IdEtab"]) for row in rows(found["lignes"])] == [
        ("1", "1", "21000000600019"),
        ("1", "2", "21000000600019"),
        ("2", "3", "21000000600027"),
    ]
    assert [row["NumBudget"] for row in rows(found["emprunts"])] == ["2"]


def test_elements_on_one_physical_line_keep_their_own_rank(tmp_path: Path) -> None:
    found = read(tmp_path, document(budget("09", 2019, CA)).replace(b"\n<Ligne", b"<Ligne"))
    assert [(row["_ligne"], row["NumLigne"]) for row in rows(found["lignes"])] == [("3", "1"), ("3", "2")]


@pytest.mark.parametrize("mark", ["true", "TRUE", "1"])
def test_calculated_lines_are_set_apart(tmp_path: Path, mark: str) -> None:
    calculated = line("6064", "D", attributes=f' id="d1" calculated="{mark}"', MtReal="8.50")
    kept = line("6064", "D", attributes=' calculated="false"', MtReal="1.00")
    found = read(tmp_path, document(budget("10", 2023, [*CA, calculated, kept])))
    assert found["lignes"].read == 4
    assert apart(found["lignes"]) == [(6, "ligne calculée")]
    assert [row["NumLigne"] for row in rows(found["lignes"])] == ["1", "2", "4"]


def test_a_loan_of_which_nothing_is_said_is_set_apart(tmp_path: Path) -> None:
    foreign = '<EMPRUNT><x:MtEmprOrig xmlns:x="urn:autre" V="1"/></EMPRUNT>'
    loans = ["<EMPRUNT/>", loan(MtEmprOrig="5.00"), loan("", MtEmprOrig=" "), foreign]
    found = read(tmp_path, document(budget("09", 2019, CA, loans=loans)))
    assert (found["emprunts"].read, len(rows(found["emprunts"]))) == (4, 1)
    assert [reason for _, reason in apart(found["emprunts"])] == ["élément sans aucune valeur"] * 3
    assert [row["NbEmprunts"] for row in rows(found["documents"])] == ["1"]


def test_elements_of_other_namespaces_are_nobodys(tmp_path: Path) -> None:
    foreign = '<x:LigneBudget xmlns:x="urn:autre"><x:Nature V="1"/></x:LigneBudget>'
    own = line("6064", "D", MtReal="8.50").replace("<MtReal", '<x:MtReal xmlns:x="urn:autre" V="999"/><MtReal')
    found = read(tmp_path, document(budget("09", 2019, [foreign, own])))
    assert found["lignes"].read == 1
    (row,) = rows(found["lignes"])
    assert (row["Nature"], row["MtReal"]) == ("6064", "8.50")


def test_the_namespace_counts_not_its_prefix(tmp_path: Path) -> None:
    prefixed = re.sub(rb"<(/?)(?!\?)", rb"<\1b:", document(budget("09", 2019, CA))).replace(b"xmlns=", b"xmlns:b=")
    wrapped = prefixed.replace(
        b"\n", b'\n<doccfu:CompteFinancierUnique xmlns:doccfu="http://www.minefi.gouv.fr/cp/demat/doccfu">', 1
    )
    found = read(tmp_path, wrapped + b"</doccfu:CompteFinancierUnique>")
    assert [row["Nature"] for row in rows(found["lignes"])] == ["6064", "70878"]


def test_codes_are_read_whatever_their_case(tmp_path: Path) -> None:
    own = line("6064", "D").replace(
        "</LigneBudget>",
        '<MtSup V="3.00" Code="RARprec"/><MtSup Code="ProdChaRat" V="2.00"/><MtSup Code="Autre" V="9"/>'
        '<CaracSup V="F" Code="Section"/></LigneBudget>',
    )
    (row,) = rows(read(tmp_path, document(budget("09", 2019, [own])))["lignes"])
    assert (row["MtSup@RARPrec"], row["MtSup@ProdChaRat"], row["CaracSup@Section"]) == ("3.00", "2.00", "F")


def test_one_amount_given_twice_with_two_values_is_refused(tmp_path: Path) -> None:
    double = line("6064", "D", MtReal="8.50").replace("<OpBudg", '<MtReal V="9.00"/><OpBudg')
    refused = refusal(tmp_path, document(budget("09", 2019, [*CA, double])))
    assert (refused.code, refused.ligne, refused.colonne) == ("FIC-XML", 6, "MtReal")
    assert "9.00" not in refused.sentence(rules())
    same = line("6064", "D", MtReal="8.50").replace("<OpBudg", '<MtReal V="8.50"/><OpBudg')
    assert read(tmp_path, document(budget("09", 2019, [same])))["lignes"].read == 1


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-8", "windows-1252", "UTF-16"])
def test_the_declared_encoding_is_the_parsers_work(tmp_path: Path, encoding: str) -> None:
    content = document(budget("09", 2019, [line("6064", "D", LibCpte="Énergie à Crac'h")]), encoding=encoding)
    (row,) = rows(read(tmp_path, content)["lignes"])
    assert row["LibCpte"] == "Énergie à Crac'h"


def test_text_that_looks_like_csv_stays_one_cell(tmp_path: Path) -> None:
    label = "a &quot;b&quot;, c&#10;d &#13; é;"
    (row,) = rows(read(tmp_path, document(budget("09", 2019, [line("6064", "D", LibCpte=label)])))["lignes"])
    assert row["LibCpte"] == 'a "b", c\nd \r é;'


def test_lines_are_counted_beyond_65535(tmp_path: Path) -> None:
    content = document(budget("09", 2019, ["\n" * 70_000 + CA[0]]))
    (row,) = rows(read(tmp_path, content)["lignes"])
    assert row["_ligne"] == str(content[: content.index(b"<LigneBudget")].count(b"\n") + 1) == "70004"


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE DocumentBudgetaire>",
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
    ],
)
def test_any_doctype_is_refused(tmp_path: Path, doctype: str) -> None:
    content = document(budget("09", 2019, CA)).replace(b"\n", f"\n{doctype}\n".encode(), 1)
    refused = refusal(tmp_path, content)
    assert (refused.code, refused.ligne) == ("FIC-DOCTYPE", 2)


def test_a_truncated_document_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    whole = document(budget("09", 2019, CA, loans=[loan()]))
    for end in range(60, len(whole) - 2, 23):
        assert refusal(tmp_path, whole[:end]).code == "FIC-XML"


@pytest.mark.parametrize(
    ("content", "code", "line_number"),
    [
        (b"", "FIC-VIDE", None),
        (b"Nature;Montant\n6064;8,50\n", "FIC-XML", 1),
        (b"PK\x03\x04\x00\x00", "FIC-XML", 1),
        (f'<DocumentBudgetaire xmlns="{NAMESPACE}"/>'.encode(), "FIC-VIDE", 1),
        (b'<n:PES_Aller xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller"/>', "FIC-NATURE", 1),
        (document(budget("09", 2019, CA)).replace(NAMESPACE.encode(), b"urn:autre"), "FIC-NATURE", 1),
        (document(budget("09", 2019, ["\n&inconnue;"])), "FIC-XML", 5),
        (document(budget("09", 2019, CA), encoding="UTF-8").replace(b"Essai", b"\xe9"), "FIC-XML", 3),
        (document(budget("09", 2019, ["<a>" * 400 + "</a>" * 400])), "FIC-TAILLE", 4),
    ],
)
def test_other_files_are_refused_by_code(tmp_path: Path, content: bytes, code: str, line_number: int | None) -> None:
    refused = refusal(tmp_path, content)
    assert (refused.code, refused.ligne) == (code, line_number)


def test_a_refused_document_leaves_its_heading_and_a_line_that_says_why(tmp_path: Path) -> None:
    double = line("6064", "D", MtReal="8.50").replace("<OpBudg", '<MtReal V="9.00"/><OpBudg')
    content = document(budget("09", 2019, CA), budget("09", 2019, [double], kind="A", siret="21000000600027"))
    refused = refusal(tmp_path, content)
    found = lost(tmp_path / "document.xml", "document.xml", TABLES, tmp_path, refused)
    assert [(row["NumBudget"], row["CodTypBud"], row["NbLignes"]) for row in rows(found["documents"])] == [
        ("1", "P", "1"),
        ("2", "A", "1"),
    ]
    assert (found["documents"].misshapen, found["emprunts"].misshapen) == ([], [])
    places = [(place, rule, expected) for place, rule, expected, _ in found["lignes"].misshapen]
    assert places == [(3, "LIG-DOCUMENT", "une seule valeur"), (7, "LIG-DOCUMENT", "une seule valeur")]
    assert {name: one.read for name, one in found.items()} == {"documents": 2, "lignes": 2, "emprunts": 0}


def test_a_refused_document_without_its_whole_heading_is_a_refused_heading(tmp_path: Path) -> None:
    content = document(budget("09", 2019, ["<a>"])).replace(b'<Exer V="2019"/>', b"")
    found = lost(tmp_path / "document.xml", "document.xml", TABLES, tmp_path, refusal(tmp_path, content))
    assert rows(found["lignes"]) == [] and [one[1] for one in found["documents"].misshapen] == ["LIG-DOCUMENT"]


def test_a_heading_with_what_identifies_a_document_is_whole(tmp_path: Path) -> None:
    content = document(budget("09", 2019, ["<a>"]))
    content = re.sub(rb"<(Scellement|DteStr|LibelleColl|LibelleEtab|CodBud|ProjetBudget)\b[^>]*/>", b"", content)
    found = lost(tmp_path / "document.xml", "document.xml", TABLES, tmp_path, refusal(tmp_path, content))
    assert len(rows(found["documents"])) == 1 and [one[1] for one in found["lignes"].misshapen] == ["LIG-DOCUMENT"]


def test_what_a_heading_does_not_say_is_empty_in_its_lines(tmp_path: Path) -> None:
    (row, *_) = rows(read(tmp_path, document(budget("09", 2019, CA)))["lignes"])
    assert (row["Exer"], row["NumDec"]) == ("2019", "")


def test_a_line_outside_a_budget_is_refused(tmp_path: Path) -> None:
    stray = document(budget("09", 2019, CA)).replace(b"</Budget>", b"</Budget>\n" + CA[0].encode())
    assert refusal(tmp_path, stray).code == "FIC-XML"
    early = document(budget("09", 2019, CA)).replace(b"<Budget>", b"<Budget>" + CA[0].encode())
    assert refusal(tmp_path, early).code == "FIC-XML"
