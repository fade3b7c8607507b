"""The DSN reader: every block is read once, with its line and its parents; an incomplete or invalid file is refused."""

import datetime as dt
import re
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from demo import exports_dsn
from demo.dsn import ANNULE, REMPLACE, Contrat, Declaration, Regularisation, Salarie, Suspension, fichier, nir_invente
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.settings import Home
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.ingest.pseudonym import pseudonym
from pipelines.stages.ingest.readers.tool_formats import dsn
from tests.deliveries import KEY, table
from tests.layers import rules
from tests.services import unavailable
from tests.stages.ingest.readers.written_tables import written_tables

TABLES = ["declarations", "contrats", "activites"]
TITULAIRE = Salarie(
    "M0007",
    nir_invente("02", dt.date(1971, 4, 9), 7),
    "D'ÉPERNON",
    "Zoé, Anne",
    "02",
    dt.date(1971, 4, 9),
    (
        Contrat(
            "00001",
            dt.date(2004, 9, 1),
            "50",
            "01",
            "ADJOINT D'ANIMATION",
            {3: Decimal("151.67")},
            (Regularisation(3, dt.date(2022, 1, 1), Decimal("-7")),),
            absences={3: Decimal("3.50")},
        ),
    ),
)
DEUX_CONTRATS = Salarie(
    "M0008",
    nir_invente("01", dt.date(1990, 12, 31), 8),
    "ZELPARIGE",
    "Loïc",
    "01",
    dt.date(1990, 12, 31),
    (
        Contrat(
            "00001",
            dt.date(2021, 4, 1),
            "10",
            "02",
            "AGENT D'ACCUEIL",
            {3: Decimal("70.00")},
            fin=dt.date(2022, 3, 31),
            motif_fin="031",
        ),
        Contrat(
            "00002",
            dt.date(2022, 1, 1),
            "09",
            "02",
            "TECHNICIEN",
            {3: Decimal("60.50")},
            modalite="20",
            taux_temps_partiel_pct=Decimal("80"),
            suspensions=(
                Suspension("501", dt.date(2022, 3, 1), dt.date(2022, 3, 2)),
                Suspension("632", dt.date(2022, 3, 20)),
            ),
        ),
    ),
)
MARS = Declaration(dt.date(2022, 3, 1))
CONTENT = fichier([(MARS, [TITULAIRE, DEUX_CONTRATS])])
LINES = CONTENT.decode("iso-8859-1").splitlines()


def rows_of(content: bytes, folder: Path) -> dict[str, list[dict[str, str]]]:
    """Table → its records, as ``written_tables`` gives them."""
    return written_tables(dsn, "mois.dsn", TABLES, content, folder)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], dict[str, list[dict[str, str]]]]:
    return lambda content: rows_of(content, tmp_path)


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[[bytes], DeliveryRefused]:
    def refused(content: bytes) -> DeliveryRefused:
        with pytest.raises(DeliveryRefused) as caught:
            rows_of(content, tmp_path)
        return caught.value

    return refused


def written(lines: list[str]) -> bytes:
    """A file whose total is right."""
    body = [line for line in lines if not line.startswith("S90.")]
    declarations = sum(line.startswith("S20.G00.05.001,") for line in body)
    total = [f"S90.G00.90.001,'{len(body) + 2}'", f"S90.G00.90.002,'{declarations}'"]
    return "".join(f"{line}\r\n" for line in body + total).encode("iso-8859-1")


def before(rubrique: str, *inserted: str, occurrence: int = 0) -> list[str]:
    """The lines of the sample with others inserted before the rubrique."""
    at = [number for number, line in enumerate(LINES) if line.startswith(f"{rubrique},")][occurrence]
    return [*LINES[:at], *inserted, *LINES[at:]]


def test_every_block_is_read_with_its_parents(read) -> None:
    found = read(CONTENT)
    (declaration,) = found["declarations"]
    assert declaration == {
        "_ligne": str(LINES.index("S20.G00.05.001,'01'") + 1),
        "NumDeclaration": "1",
        "S10.G00.00.005": "02",
        "S10.G00.00.006": "P22V01",
        "S20.G00.05.001": "01",
        "S20.G00.05.002": "01",
        "S20.G00.05.003": "11",
        "S20.G00.05.004": "1",
        "S20.G00.05.005": "01032022",
        "S20.G00.05.006": "",
        "S20.G00.05.007": "05042022",
        "S21.G00.06.001": "259400117",
        "S21.G00.11.001": "00018",
        "NbIndividus": "2",
        "MontantBrut": "5365.81",
    }
    assert [(c["S21.G00.30.019"], c["S21.G00.40.009"], c["S21.G00.40.006"]) for c in found["contrats"]] == [
        ("M0007", "00001", "ADJOINT D'ANIMATION"),
        ("M0008", "00001", "AGENT D'ACCUEIL"),
        ("M0008", "00002", "TECHNICIEN"),
    ]
    assert [(c["S21.G00.62.001"], c["S21.G00.62.002"]) for c in found["contrats"]] == [
        ("", ""),
        ("31032022", "031"),
        ("", ""),
    ]
    activities = [
        tuple(a[f"S21.G00.{rubrique}"] for rubrique in ("30.019", "51.010", "51.001", "51.011", "53.001", "53.002"))
        for a in found["activites"]
    ]
    assert activities == [
        ("M0007", "00001", "01032022", "002", "01", "151.67"),
        ("M0007", "00001", "01032022", "002", "02", "3.50"),
        ("M0007", "00001", "01012022", "002", "01", "-7.00"),
        ("M0008", "00001", "01032022", "002", "01", "70.00"),
        ("M0008", "00002", "01032022", "002", "01", "60.50"),
    ]


def test_gross_pay_is_a_sum_without_elected_members_which_an_amount_that_is_no_number_spoils(read) -> None:
    elected = replace(TITULAIRE, contrats=(replace(TITULAIRE.contrats[0], nature="80"),))
    assert read(fichier([(MARS, [elected])]))["declarations"][0]["MontantBrut"] == "0"
    paid = "S21.G00.51.013,'2957.56'"
    assert LINES.count(paid) == 2  # as gross pay, then as what is subject to contributions
    lines = [*LINES]
    lines[lines.index(paid)] = "S21.G00.51.013,'beaucoup'"
    assert read(written(lines))["declarations"][0]["MontantBrut"] == "illisible"


def test_of_several_suspensions_the_last_is_kept_and_all_are_counted(read) -> None:
    *_, contract = read(CONTENT)["contrats"]
    assert contract["NbSuspensions"] == "2"
    assert [contract[f"S21.G00.65.00{n}"] for n in (1, 2, 3)] == ["632", "20032022", ""]  # the end is not the other's


def test_lines_are_those_of_the_file(read) -> None:
    found = read(CONTENT)
    for name, opening in (("contrats", "S21.G00.40.001,"), ("activites", "S21.G00.53.001,")):
        expected = [number for number, line in enumerate(LINES, start=1) if line.startswith(opening)]
        assert [int(row["_ligne"]) for row in found[name]] == expected


def test_every_declared_heading_is_one_that_the_reader_gives() -> None:
    for declared in load_catalogue().registry.export_of("dsn/declarations").export.tables:
        assert sorted(declared.header_of(2022).values()) == sorted(dsn.COLUMNS[declared.name])


def test_several_declarations_in_one_file_keep_their_persons_apart(read) -> None:
    erreur = replace(MARS, numero_ordre=4)
    annulation = erreur.suivante(ANNULE, 1)
    couples = [(erreur, [TITULAIRE]), (annulation, []), (annulation.suivante(REMPLACE, 1), [DEUX_CONTRATS])]
    found = read(fichier(couples))
    seen = [
        (d["NumDeclaration"], d["S20.G00.05.002"], d["S20.G00.05.004"], d["NbIndividus"]) for d in found["declarations"]
    ]
    assert seen == [("1", "01", "4", "1"), ("2", "04", "5", "0"), ("3", "03", "6", "1")]
    assert [d["S20.G00.05.006"] for d in found["declarations"]] == ["", "050420224", "060420225"]
    assert [(c["NumDeclaration"], c["S21.G00.30.019"]) for c in found["contrats"]] == [
        ("1", "M0007"),
        ("3", "M0008"),
        ("3", "M0008"),
    ]


def test_line_feeds_alone_and_a_last_line_without_one_change_nothing(read) -> None:
    assert read(CONTENT.replace(b"\r\n", b"\n")) == read(CONTENT.removesuffix(b"\r\n")) == read(CONTENT)


def test_blocks_that_nobody_asked_for_are_passed_over(read) -> None:
    arret = ("S21.G00.60.001,'01'", "S21.G00.60.002,'01032022'", "S21.G00.99.001,'un bloc à venir'")
    assert [row["S21.G00.62.002"] for row in read(written(before("S21.G00.62.001", *arret)))["contrats"]][1] == "031"
    prime = ("S21.G00.52.001,'026'", "S21.G00.52.002,'100.00'", "S21.G00.52.001,'027'")
    assert len(read(written(before("S21.G00.78.001", *prime)))["activites"]) == 5


@pytest.mark.parametrize(
    ("declared", "understood"),
    [("12091983", "12091983"), ("99091983", "01091983"), ("99991983", "01011983"), ("31991983", "31011983")],
)
def test_an_unknown_day_or_month_of_birth_is_the_first(read, declared: str, understood: str) -> None:
    content = CONTENT.replace(b"S21.G00.30.006,'09041971'", f"S21.G00.30.006,'{declared}'".encode())
    assert read(content)["contrats"][0]["S21.G00.30.006"] == understood


PRINTABLE = st.text(st.characters(codec="iso-8859-1", exclude_categories=["Cc"]), min_size=1, max_size=80)


@given(nom=PRINTABLE, prenoms=PRINTABLE, libelle=PRINTABLE)
@example("L'", "''", "'A','B'")
@example("« Employé\xa0»", "\xa0", '";')
def test_any_text_of_the_norm_comes_back_as_it_was_written(
    tmp_path_factory, nom: str, prenoms: str, libelle: str
) -> None:
    (contrat,) = TITULAIRE.contrats
    salarie = replace(TITULAIRE, nom=nom, prenoms=prenoms, contrats=(replace(contrat, libelle_emploi=libelle),))
    content = fichier([(MARS, [salarie])])
    assume(not dsn.FOREIGN.search(content))  # « Ã© » cannot be told from an accent in UTF-8
    (row,) = rows_of(content, tmp_path_factory.mktemp("dsn"))["contrats"]
    assert [row[f"S21.G00.{rubrique}"] for rubrique in ("30.002", "30.004", "40.006")] == [nom, prenoms, libelle]


@pytest.mark.parametrize(
    ("encoding", "code", "sign"),
    [
        ("utf-8", "FIC-ENCODAGE", "ÉPERNON"),
        ("utf-8-sig", "FIC-ENCODAGE", "S10.G00.00.001"),
        ("cp1252", "FIC-ENCODAGE", "ŒRSIMIEUX"),
        ("utf-16", "FIC-NATURE", "S10.G00.00.001"),
    ],
)
def test_another_encoding_is_refused_where_it_shows(refusal, encoding: str, code: str, sign: str) -> None:
    text = CONTENT.decode("iso-8859-1")
    if encoding == "cp1252":
        text = text.replace("ZELPARIGE", sign)
    refused = refusal(text.encode(encoding))
    line = next(number for number, content in enumerate(text.splitlines(), start=1) if sign in content)
    assert (refused.code, refused.ligne) == (code, line)


def test_a_file_cut_anywhere_is_refused(refusal, read) -> None:
    whole = len(CONTENT.removesuffix(b"\r\n"))
    ends = [*range(12), *range(12, whole - 60, 11), *range(whole - 60, whole)]
    codes = {refusal(CONTENT[:end]).code for end in ends}
    assert codes == {"FIC-VIDE", "FIC-NATURE", "FIC-TRONQUE"}
    for end in range(whole, len(CONTENT) + 1):
        assert read(CONTENT[:end]) == read(CONTENT)


@pytest.mark.parametrize("number", range(1, len(LINES)))
def test_a_file_that_lacks_a_line_is_refused(refusal, number: int) -> None:
    content = "".join(f"{line}\n" for n, line in enumerate(LINES) if n != number).encode("iso-8859-1")
    assert refusal(content).code in ("FIC-TRONQUE", "FIC-DSN")


@pytest.mark.parametrize(
    ("rubrique", "announced"), [("S90.G00.90.001", "0"), ("S90.G00.90.001", "x"), ("S90.G00.90.002", "2")]
)
def test_a_total_that_is_not_what_was_read_is_refused(refusal, rubrique: str, announced: str) -> None:
    content = re.sub(rf"{rubrique},'\d+'".encode(), f"{rubrique},'{announced}'".encode(), CONTENT)
    refused = refusal(content)
    assert (refused.code, refused.ligne, refused.colonne) == ("FIC-TRONQUE", len(LINES) - 1, rubrique)
    found = len(LINES) if rubrique.endswith("001") else 1
    assert refused.recu == f"{found} dans le fichier"


def test_a_total_with_leading_zeros_is_a_number(read) -> None:
    assert read(CONTENT.replace(b"S90.G00.90.002,'1'", b"S90.G00.90.002,'0001'")) == read(CONTENT)


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "FIC-VIDE", None),
        (b"\r\n", "FIC-NATURE", 1),
        (b"Matricule;Nom\r\n1;X\r\n", "FIC-NATURE", 1),
        (b"<?xml version='1.0'?><DSN/>", "FIC-NATURE", 1),
        (b"PK\x03\x04\x80\x00", "FIC-NATURE", 1),
        (b"S20.G00.05.001,'01'\r\n", "FIC-NATURE", 1),
        (b"S10.G00.00.001," + b"'" + b"x" * 10_000_000, "FIC-DSN", 1),
        (b"S10.G00.00.001,'x'\r\n\r\n" + CONTENT, "FIC-DSN", 2),
        (b"S10.G00.00.001,'x'\r\n" + CONTENT, "FIC-DSN", 2),  # two envois
        (CONTENT + CONTENT, "FIC-DSN", len(LINES) + 1),
        (CONTENT.replace(b"S10.G00.00.006,'P22V01'\r\n", b""), "FIC-DSN", LINES.index("S20.G00.05.001,'01'")),
        (written(LINES[: LINES.index("S20.G00.05.001,'01'")]), "FIC-TRONQUE", None),  # no declaration at all
    ],
)
def test_other_files_are_refused_by_code(refusal, content: bytes, code: str, line: int | None) -> None:
    refused = refusal(content)
    assert refused.code == code
    assert line is None or refused.ligne == line


@pytest.mark.parametrize(
    "malformed",
    [
        "S21.G00.30.002,EPERNON",
        "S21.G00.30.002,'EPERNON",
        "S21.G00.30.002,'EPERNON' ",
        " S21.G00.30.002,'EPERNON'",
        "S21.G00.30.002;'EPERNON'",
        "S21.G00.30.2,'EPERNON'",
        "S21.G00.30.002,'EPER\tNON'",
        "S21.G00.30.002,'EPER\rNON'",
        "S21.G00.30.002,'" + "E" * 1000 + "'",
        "EPERNON",
        "",
    ],
)
def test_a_malformed_line_is_refused_without_being_quoted(refusal, malformed: str) -> None:
    at = LINES.index("S21.G00.30.002,'D'ÉPERNON'")
    refused = refusal(written([*LINES[:at], malformed, *LINES[at + 1 :]]))
    assert (refused.code, refused.ligne) == ("FIC-DSN", at + 1)
    assert "EPER" not in refused.sentence(rules()) + repr(refused.as_dict(rules()))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (before("S21.G00.30.001", "S21.G00.40.001,'01012022'"), "le bloc S21.G00.30 avant S21.G00.40"),
        (before("S21.G00.11.001", "S21.G00.30.001,'1'"), "le bloc S21.G00.11 avant S21.G00.30"),
        (before("S21.G00.40.001", "S21.G00.62.001,'31032022'"), "le bloc S21.G00.40 avant S21.G00.62"),
        (before("S21.G00.50.001", "S21.G00.51.001,'01032022'"), "le bloc S21.G00.50 avant S21.G00.51"),
        # a bonus comes between a remuneration and this activity, which is therefore nobody's
        (before("S21.G00.53.001", "S21.G00.52.001,'026'"), "le bloc S21.G00.51 avant S21.G00.53"),
        (before("S21.G00.65.001", "S21.G00.51.001,'01032022'"), "le bloc S21.G00.50 avant S21.G00.51"),
        (before("S21.G00.30.001", "S21.G00.11.001,'00026'"), "un seul bloc S21.G00.11 par S21.G00.06"),
        (before("S21.G00.71.002", "S21.G00.62.001,'30032022'", occurrence=1), "un seul bloc S21.G00.62 par S21.G00.40"),
        (
            before("S21.G00.40.007", "S21.G00.40.099,'x'"),
            "la rubrique S21.G00.40.001 d’abord, puis les autres dans l’ordre",
        ),
        (
            before("S21.G00.53.001", "S21.G00.53.002,'1.00'"),
            "la rubrique S21.G00.53.001 d’abord, puis les autres dans l’ordre",
        ),
        (before("S10.G00.01.001", "S21.G00.30.001,'1'"), "le bloc S21.G00.11 avant S21.G00.30"),
    ],
)
def test_blocks_out_of_their_place_are_refused(refusal, lines: list[str], expected: str) -> None:
    refused = refusal(written(lines))
    assert (refused.code, refused.attendu) == ("FIC-DSN", expected)


def test_nothing_may_follow_the_total(refusal) -> None:
    extra = "S21.G00.99.001,'x'"
    content = CONTENT.replace(f"'{len(LINES)}'".encode(), f"'{len(LINES) + 1}'".encode())
    assert refusal(content + extra.encode()).code == "FIC-TRONQUE"


# what another program reads in the same files


DSN_2022 = {Path(livraison.chemin).name: livraison.contenu for livraison in exports_dsn.dsn(2022)}
REMPLACEE = fichier([(MARS, [TITULAIRE, DEUX_CONTRATS]), (MARS.suivante(REMPLACE, 2), [DEUX_CONTRATS])])


@pytest.fixture(scope="module")
def other_parser() -> Callable[[bytes], Any]:
    """What dsn-tools reads in a file."""
    try:
        import dsn_tools
    except ModuleNotFoundError:
        unavailable("dsn-tools", "the package is not installed (pip install dsn-tools)")
    parser = dsn_tools.DSNParser(Path(dsn_tools.__file__).with_name("dsn.lark"))
    return lambda content: parser.parse(content.decode("iso-8859-1"))


@pytest.mark.parametrize("content", [REMPLACEE, *DSN_2022.values()], ids=["replaced", *DSN_2022])
def test_another_parser_finds_the_same_declarations_persons_contracts_and_hours(read, other_parser, content) -> None:
    found = read(content)
    persons, contracts, hours, declarations = [], [], [], []
    for number, declaration in enumerate(other_parser(content).declarations, start=1):
        establishment = declaration.entreprise.etablissement
        gross = sum(
            Decimal(pay.montant)
            for person in establishment.individu
            for payment in person.versement_individu
            for pay in payment.remuneration
            if pay.type.value == "001" and not person.matricule_de_lindividu_dans_lentreprise.startswith("E")  # elected
        )
        declarations.append(
            (
                declaration.type_de_la_declaration.value,
                declaration.numero_dordre_de_la_declaration,
                declaration.date_du_mois_principal_declare,
                declaration.entreprise.siren,
                establishment.nic,
                str(len(establishment.individu)),
                str(gross),
            )
        )
        for person in establishment.individu:
            own = (person.numero_dinscription_au_repertoire, person.matricule_de_lindividu_dans_lentreprise)
            persons.append((str(number), *own, person.nom_de_famille, person.prenoms))
            for contract in person.contrat_contrat_de_travail_convention_mandat:
                end = contract.fin_du_contrat
                contracts.append((own[1], contract.numero_du_contrat, end.date_de_fin_du_contrat if end else ""))
            for payment in person.versement_individu:
                for pay in payment.remuneration:
                    hours += [(own[1], pay.numero_du_contrat, activity.mesure) for activity in pay.activite]

    def columns(name: str, *rubriques: str) -> list[tuple[str, ...]]:
        return [tuple(row[rubrique] for rubrique in rubriques) for row in found[name]]

    own = [f"S20.G00.05.{n}" for n in ("002", "004", "005")]
    assert (
        columns("declarations", *own, "S21.G00.06.001", "S21.G00.11.001", "NbIndividus", "MontantBrut") == declarations
    )
    of_person = [f"S21.G00.30.{n}" for n in ("001", "019", "002", "004")]
    assert list(dict.fromkeys(columns("contrats", "NumDeclaration", *of_person))) == persons
    assert columns("contrats", "S21.G00.30.019", "S21.G00.40.009", "S21.G00.62.001") == contracts
    assert columns("activites", "S21.G00.30.019", "S21.G00.51.010", "S21.G00.53.002") == hours


# in a delivery


def deliver(tmp_path: Path, *contents: bytes):
    """Ingest files as one delivery of 2022: the home and the counts by table."""
    home, folder = Home(tmp_path / "home"), tmp_path / "depot"
    folder.mkdir()
    paths = [folder / f"{number}.dsn" for number, _ in enumerate(contents)]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return home, ingest(home, load_catalogue().registry.export_of("dsn/declarations"), 2022, paths, KEY).tables


def test_a_person_without_matricule_is_refused_by_its_lines_and_nothing_is_lost(tmp_path: Path) -> None:
    without = [line for line in LINES if line != "S21.G00.30.019,'M0007'"]
    home, tables = deliver(tmp_path, written(without))
    assert {name: (t.lues, t.acceptees, t.refusees, t.ignorees) for name, t in tables.items()} == {
        "declarations": (1, 1, 0, 0),
        "contrats": (3, 2, 1, 0),
        "activites": (5, 2, 3, 0),
    }
    (refused,) = table(home.lake / tables["contrats"].parquet.replace(".parquet", ".refus.parquet"))
    assert (refused["_ligne"], refused["colonne"], refused["regle"], refused["recu"]) == (
        without.index("S21.G00.40.001,'01092004'") + 1,
        "S21.G00.30.019",
        "LIG-OBLIGATOIRE",
        None,
    )


def test_the_lake_holds_a_pseudonym_a_band_of_ages_and_no_name(tmp_path: Path) -> None:
    home, tables = deliver(tmp_path, CONTENT)
    rows = table(home.lake / tables["contrats"].parquet, "_ligne")
    expected = pseudonym(KEY, "matricule", "M0007")  # the domain is the name of the field, that of the other HR sources
    assert (rows[0]["matricule"], rows[0]["tranche_age"]) == (expected, 50)
    assert {"nir", "nom", "prenoms"}.isdisjoint(rows[0])
    registry = load_catalogue().registry
    for name in ("cegid_rh/agents", "ciril_rh/agents", "ciril_rh/heures"):
        others = [t for t in registry.export_of(name).export.tables if t.name == name.split("/")[1]]
        assert [t.field("matricule").personal for t in others] == ["pseudonymise"]
    for path in home.lake.rglob("*"):
        if path.is_file():
            assert not re.search(rb"M0007|M0008|PERNON|ZELPARIGE|99999007|99999008", path.read_bytes())


def test_a_record_that_the_reading_loses_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    close = dsn._Reading._close

    def losing(reading: dsn._Reading) -> None:
        if reading._open[-1].values.get("S21.G00.53.002") == "3.50":
            reading._open.pop()
        else:
            close(reading)

    monkeypatch.setattr(dsn._Reading, "_close", losing)
    monkeypatch.setattr("pipelines.stages.ingest.reading.in_child", lambda read, *arguments: read(*arguments))
    with pytest.raises(DeliveryRefused) as caught:
        deliver(tmp_path, CONTENT)
    assert caught.value.code == "FIC-BILAN"


def test_records_of_a_file_in_which_none_is_counted_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are not left out with the tables that a file does not hold."""
    count, calls = dsn._count, []

    def losing(path: Path) -> Counter[str]:
        calls.append(path)
        return count(path) if len(calls) == 1 else Counter()

    monkeypatch.setattr(dsn, "_count", losing)
    monkeypatch.setattr("pipelines.stages.ingest.reading.in_child", lambda read, *arguments: read(*arguments))
    with pytest.raises(DeliveryRefused) as caught:
        deliver(tmp_path, *(fichier([(Declaration(dt.date(2022, mois, 1)), [TITULAIRE])]) for mois in (1, 2)))
    assert caught.value.code == "FIC-BILAN"


def test_declarations_of_another_year_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DeliveryRefused) as caught:
        deliver(tmp_path, *(fichier([(Declaration(dt.date(2023, mois, 1)), [TITULAIRE])]) for mois in (1, 2)))
    assert caught.value.code == "FIC-EXERCICE"


def test_a_large_file_is_read_in_the_memory_of_a_small_one(tmp_path: Path, capsys) -> None:
    def measure(salaries: int) -> tuple[int, int, float]:
        agents = [replace(DEUX_CONTRATS, matricule=f"M{rang:05d}") for rang in range(salaries)]
        path = tmp_path / f"{salaries}.dsn"
        path.write_bytes(content := fichier([(MARS, agents)]))
        start = time.perf_counter()
        dsn.read(path, path.name, TABLES, tmp_path)
        seconds = time.perf_counter() - start
        tracemalloc.start()
        dsn.read(path, path.name, TABLES, tmp_path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return content.count(b"\n"), peak, seconds

    _, small, _ = measure(30)
    lines, large, seconds = measure(2_900)
    with capsys.disabled():
        print(
            f"\nDSN of {lines:,} lines: {seconds:.1f} s, {large / 1e6:.1f} MB at most ({small / 1e6:.1f} MB for 2 % of it)"
        )
    assert lines > 200_000
    assert large < 2 * small


def test_more_lines_than_a_file_may_have_are_refused_at_the_first_of_them(refusal, monkeypatch) -> None:
    monkeypatch.setenv("MILLESIME_MOST_ELEMENTS", "20")
    refused = refusal(written(LINES))
    assert (refused.code, refused.ligne) == ("FIC-TAILLE", 21)
