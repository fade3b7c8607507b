"""Budget documents through reading, typing and SQL: real documents to the cent, and cases made by hand."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation
from pipelines.ledger.store import open_ledger
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.transform.freeze import Frozen
from pipelines.stages.transform.load import load_warehouse
from tests.dbt.compiled import Compiled, Result
from tests.stages.ingest.budget_documents import SIRET_ANNEXE, budget, document, line, loan
from tests.stages.ingest.budget_warehouse import build, euros, rows

FIXTURES = Path(__file__).parents[2] / "fixtures" / "budget"
REAL = {
    2021: ["crach_principal_CA_2021", "crach_annexe_CA_2021", "crach_principal_DM2_2021"],
    2022: ["crach_principal_BP_2022", "crach_annexe_BP_2022"],
    2023: ["mohon_CFU_2023"],
}

# 2016: a budget without CredOuv, two décisions modificatives and the accounts.
DM_CUMUL = {
    "BP.xml": document(
        budget(
            "01",
            2016,
            [
                line("6064", "D", MtRARPrec="5.00", MtPropNouv="999.00", MtPrev="100.00"),
                line("70878", "R", MtPrev="105.00"),
                line("002", "R", MtPrev="0.00", MtReal="40.00"),
            ],
        )
    ),
    "DM1.xml": document(
        budget(
            "02",
            2016,
            [
                line("6064", "D", MtBudgPrec="105.00", MtPropNouv="20.00", MtPrev="20.00", CredOuv="125.00"),
                line("70878", "R", MtBudgPrec="105.00", MtPrev="20.00"),
            ],
            number="1",
        )
    ),
    "DM2.xml": document(
        budget(
            "02",
            2016,
            [
                line("6064", "D", MtBudgPrec="125.00", MtPrev="-7.50", CredOuv="-7.50"),
                line("6156", "D", CredOuv="7.50"),
                line("70878", "R", MtBudgPrec="125.00", MtPrev="0.00"),
            ],
            number="2",
        )
    ),
    # 001, 002 and ProdChaRat are inside the realised amounts; the side of an account decides its section.
    "CA.xml": document(
        budget(
            "09",
            2016,
            [
                line("6064", "D", MtRARPrec="5.00", MtPrev="112.50", CredOuv="117.50", MtReal="60.00").replace(
                    "<OpBudg", '<MtSup Code="ProdChaRat" V="30.00"/><OpBudg'
                ),
                line("6156", "D", CredOuv="7.50"),
                # unknown to the plan of the year: the chapter that was voted says where it is
                line("61888", "D", MtReal="1.00").replace("<CodRD", '<ContNat V="011"/><CodRD'),
                line("4581001", "D", MtReal="0.00"),
                line("6811", "D", "2", MtReal="12.34"),
                line("023", "D", "2", CredOuv="1.00"),
                line("70878", "R", CredOuv="125.00", MtReal="100.10"),
                line("002", "R", MtReal="40.00"),
                line("001", "D", MtReal="3.00"),
                line("2183", "D", CredOuv="50.00", MtReal="20.00", MtRAR3112="11.00"),
                line("2183", "D", "1", CredOuv="2.00", MtReal="2.00"),
                line("2033", "R", "1", CredOuv="2.00", MtReal="2.00"),
                line("28183", "R", "2", MtReal="12.34"),
                line("021", "R", "2", CredOuv="1.00"),
                line("1068", "R", MtReal="30.00"),
                line("1323", "R", CredOuv="8.00", MtRAR3112="8.00"),
            ],
            loans=[
                loan(MtCapitalRestDu_31_12="1000.50"),
                loan(MtCapitalRestDu_01_01="8.00", MtCapitalExer="8.00"),  # repaid in the year: no capital left
                loan("09", MtCapitalRestDu_31_12="5000.00"),  # another body's loan, guaranteed
                loan("03", MtCapitalRestDu_31_12="1000.50"),  # the first one again, in another state of the annexe
                loan("10"),
                loan(None, ' calculated="true"', MtCapitalRestDu_31_12="1000.50"),
            ],
        )
    ),
}
# 2017: only a budget has arrived. 2018: versions, a draft, and two budgets in one file.
VERSIONS = {
    "CA_corrige.xml": document(
        budget("09", 2018, [line("6064", "D", MtReal="2.00")]), sealed="2019-06-02T08:00:00.000+02:00"
    ),
    "CA_initial.xml": document(
        budget("09", 2018, [line("6064", "D", MtReal="1.00")]), sealed="2019-06-01T23:00:00.000+02:00"
    ),
    "CA_projet.xml": document(
        budget("09", 2018, [line("6064", "D", MtReal="9.00")], draft=True), sealed="2019-07-01T00:00:00"
    ),
    "DM.xml": document(
        budget("02", 2018, [line("6064", "D", MtPrev="3.00"), line("7588", "R", MtPrev="3.00")], number="1")
    ),
    "DM_corrigee.xml": document(
        budget("02", 2018, [line("6064", "D", MtPrev="5.00"), line("7588", "R", MtPrev="5.00")], number="01"),
        sealed="2020-01-02T10:00:00",
    ),
    "budgets.xml": document(
        budget("01", 2018, [line("6064", "D", CredOuv="10.00"), line("64111", "D", CredOuv="7.00")]),
        budget("09", 2018, [line("6064", "D", MtReal="4.00")], kind="A", siret=SIRET_ANNEXE),
    ),
}
# 2019: accounts that no plan places. 2020: the compte administratif and the CFU of one budget.
INCONNUS = {
    "BP.xml": document(
        budget(
            "01",
            2019,
            [
                # unknown to the plan, and voted by operation: 4581001 is no chapter
                line("61888", "D", CredOuv="1.00").replace("<CodRD", '<ContNat V="4581001"/><CodRD'),
                line("6811", "R", CredOuv="2.00"),  # known, but never a receipt
                line("6064", "D", CredOuv="3.00"),
            ],
        )
    ),
    "M99.xml": document(
        budget("01", 2019, [line("6064", "D", CredOuv="4.00")], nomenclature="M99-M99_X", siret="21000000600035")
    ),
}
CFU = {
    "CA.xml": document(budget("09", 2020, [line("6064", "D", MtReal="1.00")])),
    "CFU.xml": document(
        budget(
            "10",
            2020,
            [
                line("6064", "D", MtReal="2.00"),
                line("6064", "D", attributes=' calculated="true"', MtReal="2.00"),
            ],
        )
    ),
}
# What the principal budget of 2016 paid (0P): the accounts say 60,00 on 6064, 1,00 on 61888 and 20,00 on 2183.
MANDATS = """\
Exercice;Budget;N° bordereau;N° mandat;N° ligne;Date d'émission;Type de mandat;Section;Nature;Fonction;Créancier;Objet;\
Montant HT;Montant TTC;Montant budgétaire
2016;0P;1;1;1;04/02/2016;Ordinaire;F;6064;;T;O;75,00;90,00;90,00
2016;0P;1;1;1;04/02/2016;Ordinaire;F;6064;;T;O;75,00;90,00;90,00
2016;0P;1;2;1;05/02/2016;Réduction;F;6064;;T;O;16,67;20,00;20,00
2016;0P;1;3;1;06/02/2016;Annulation;F;6064;;T;O;-8,33;-10,00;-10,00
2016;0P;2;4;1;12/01/2017;Rattachement;I;2183;;T;O;17,50;20,00;20,00
2016;0P;2;5;1;12/12/2016;Ordinaire;F;6811;;T;O;12,34;12,34;12,34
2016;XX;2;6;1;12/12/2016;Ordinaire;F;6156;;T;O;1,00;1,20;1,20
2016;0P;2;7;1;12/12/2016;Ordinaire;F;651;;T;O;1,00;1,00;1,00
2016;0P;2;8;1;12/12/2016;Ordinaire;F;61888;;T;O;1,00;1,00;1,00
2016;0P;2;9;1;12/12/2016;Ordinaire;I;4581001;;T;O;0,00;0,00;0,00
"""
# 2022: a principal and an annexe that repay one another; the principal leaves out 3,00 of the costs.
RECIPROQUES = {
    "CA_P.xml": document(
        budget(
            "09",
            2022,
            [
                line("6156", "D", MtReal="100.00"),
                line("62872", "D", MtReal="5.00"),
                line("70841", "R", MtReal="40.00"),
                line("70872", "R", MtReal="7.00"),
            ],
        )
    ),
    "CA_A.xml": document(
        budget(
            "09",
            2022,
            [
                line("6215", "D", MtReal="40.00"),
                line("62871", "D", MtReal="10.00"),
                line("6156", "D", MtReal="1.00"),
                line("70871", "R", MtReal="5.00"),
                line("70688", "R", MtReal="60.00"),
            ],
            kind="A",
            siret=SIRET_ANNEXE,
        )
    ),
}
HAND_MADE = {
    2016: DM_CUMUL,
    2017: {"BP.xml": document(budget("01", 2017, [line("6064", "D", CredOuv="10.00")]))},
    2018: VERSIONS,
    2019: INCONNUS,
    2020: CFU,
    2022: RECIPROQUES,  # beside Crac’h’s budgets, whose accounts are not there
    2025: {name: text.replace(b'V="2022"', b'V="2025"') for name, text in RECIPROQUES.items()},
    # 2021: the deficit of 2020, 2.00, is taken up for another amount
    2021: {"CA.xml": document(budget("09", 2021, [line("002", "D", CredOuv="1.50", MtReal="1.50")]))},
    # 2024: the short name of a nomenclature, in a plan of the year; and a row for each rule that only warns
    2024: {
        "BP.xml": document(
            budget("01", 2024, [line("65888", "D", CredOuv="5.00")], nomenclature="M57_A"), encoding="UTF-8"
        ),
        "DM.xml": document(
            budget(
                "02",
                2024,
                [
                    line("023", "D", "2", MtPrev="6.00"),
                    line("65888", "D", MtPrev="-6.00").replace("<OpBudg", '<CaracSup Code="Section" V="I"/><OpBudg'),
                ],
                nomenclature="M57-M57_A",
            ).replace('<CodBud V="0P"/>', '<CodBud V="09"/>'),
            budget("02", 2024, [line("65888", "D", MtPrev="0.00")], nomenclature="M57-M57_A"),
            budget("01", 2024, [line("65888", "D", CredOuv="0.00")], nomenclature="M57_A", siret="99900000000011"),
        ),
        # among many, one document of another year may be let in: it does not count
        "annexes.xml": document(
            *(
                budget("01", 2024, [line("65888", "D")], nomenclature="M57_A", kind="A", siret=f"210000006001{n}")
                for n in range(10, 20)
            ),
            budget("01", 2023, [line("65888", "D", CredOuv="77.00")], nomenclature="M57_A"),
        ),
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home, and what dbt writes."""
    return tmp_path_factory.mktemp("budget")


@pytest.fixture(scope="module")
def dbt_results(built: dict[str, Result]) -> dict[str, tuple]:
    """Name of a dbt node → its status and, for a test, the number of rows it flags."""
    return {name: (one.status, one.failures) for name, one in built.items()}


@pytest.fixture(scope="module")
def warehouse(built: dict[str, Result], folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The real and the hand-made documents in one warehouse, with finance models and figures built."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as db:
        yield db


@pytest.fixture(scope="module")
def built(compiled: Compiled, folder: Path) -> dict[str, Result]:
    """What became of each node."""
    home, catalogue = Home(folder / "home"), load_catalogue()
    registry = catalogue.registry
    home.root.mkdir()
    organisation = Organisation(
        nom="Essai",
        sigle="E",
        siren="210000006",
        exercices={"premier": 2016, "dernier": 2025},
        applications=[
            {
                "code": "ciril_finances",
                "libelle": "Ciril Finances",
                "domaine": "Finances",
                "indicateurs": ["agents_formes"],
            }
        ],
        systemes=["budget"],
    )
    ref, manifests = registry.export_of("budget/documents"), []
    mandats = folder / "landing" / "2016" / "mandats_2016.csv"
    with open_ledger(home) as ledger:
        for year, files in delivered(folder).items():
            manifests.append(ingest(home, ref, year, files, b"k" * 32))
        mandats.write_text(MANDATS, encoding="cp1252")
        manifests.append(ingest(home, registry.export_of("ciril_finances/mandats"), 2016, [mandats], b"k" * 32))
        work = Workspace(home, ledger, catalogue, organisation)
        load_warehouse(folder / "warehouse.duckdb", work, Frozen("", manifests))
    return build(compiled, folder)


def ours(content: bytes) -> bytes:
    """A real document under the SIREN of the test’s organisation: another body’s enters no figure."""
    return content.replace(b"215600461", b"210000006").replace(b"215601345", b"210000006")


def delivered(folder: Path) -> dict[int, list[Path]]:
    """Exercice → its files."""
    found: dict[int, list[Path]] = {}
    for year, names in REAL.items():
        for name in names:
            target = folder / "landing" / str(year) / f"{name}.xml"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(ours((FIXTURES / f"{name}.xml").read_bytes()))
            found.setdefault(year, []).append(target)
    for year, documents in HAND_MADE.items():
        for name, content in documents.items():
            path = folder / "landing" / str(year) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            found.setdefault(year, []).append(path)
    return found


def result(db: duckdb.DuckDBPyConnection, fichier: str, section: str) -> tuple:
    """Credits D and R, realised D and R, of one section of one document."""
    return db.execute(
        "select credits_depenses_eur, credits_recettes_eur, depenses_eur, recettes_eur "
        "from rapport.rpt_finances__resultats where document_id like '%/' || ? || '#1' and section = ?",
        [fichier, section],
    ).fetchone()


@pytest.mark.parametrize(
    ("fichier", "section", "expected"),
    [
        (
            "crach_principal_CA_2021.xml",
            "fonctionnement",
            ("3855999.06", "3855999.06", "2379073.90", "3890478.15"),
        ),
        (
            "crach_principal_CA_2021.xml",
            "investissement",
            ("2547537.75", "2547537.75", "1054480.59", "1237217.13"),
        ),
        (
            "crach_annexe_CA_2021.xml",
            "fonctionnement",
            ("1710288.70", "1710288.70", "1140494.23", "1173197.82"),
        ),
        ("crach_annexe_CA_2021.xml", "investissement", ("2595000.00", "2595000.00", "0.00", "2148068.48")),
        ("mohon_CFU_2023.xml", "fonctionnement", ("1760461.02", "1760461.02", "714695.98", "1699824.83")),
        ("mohon_CFU_2023.xml", "investissement", ("1552241.01", "1552241.01", "267588.09", "312286.77")),
    ],
)
def test_real_documents_to_the_cent(warehouse, fichier: str, section: str, expected: tuple[str, ...]) -> None:
    assert result(warehouse, fichier, section) == euros(*expected)


@pytest.mark.parametrize(
    ("fichier", "expected"),
    [
        ("crach_principal_CA_2021.xml", ("385503.58", "123839.60")),
        ("crach_annexe_CA_2021.xml", ("0.00", "0.00")),
        ("mohon_CFU_2023.xml", ("241880.00", "7945.00")),
    ],
)
def test_restes_a_realiser_of_real_documents(warehouse, fichier: str, expected: tuple[str, str]) -> None:
    found = warehouse.execute(
        "select sens_budgetaire, sum(restes_a_realiser_eur) from rapport.rpt_finances__sections "
        "where document_id like '%/' || ? || '#1' group by sens_budgetaire order by sens_budgetaire",
        [fichier],
    ).fetchall()
    assert found == list(zip(["dépense", "recette"], euros(*expected), strict=True))


def test_real_documents_have_no_unknown_account_and_the_editors_sections(warehouse) -> None:
    rows = (
        "select {} from intermediate.int_finances__lignes_budgetaires where regexp_matches(_fichier, '^(crach|mohon)')"
    )
    assert warehouse.execute(rows.format("count(*), count(*) filter (est_compte_inconnu)")).fetchone() == (
        786,
        0,
    )
    assert warehouse.execute(
        rows.format("count(*) filter (left(upper(section), 1) <> code_section_editeur), count(code_section_editeur)")
    ).fetchone() == (0, 623)


def test_the_results_of_a_year_are_those_the_next_budget_takes_up(warehouse) -> None:
    """Crac’h: the accounts of 2021 and the budget of 2022, two documents that know nothing of each other."""
    left = warehouse.execute(
        "select section, resultat_cumule_eur, solde_restes_eur from rapport.rpt_finances__resultats "
        "where document_id like '%crach_principal_CA_2021%' order by section"
    ).fetchall()
    taken = dict(
        warehouse.execute(
            "select compte, sum(credits_ouverts_eur) from marts.fct_lignes_documents where document_id "
            "like '%crach_principal_BP_2022%' and compte in ('001', '002', '1068') and sens_budgetaire = 'recette' "
            "group by compte"
        ).fetchall()
    )
    assert left[0][1] == taken["002"] + taken["1068"] == Decimal("1511404.25")
    assert left[1][1] == taken["001"] == Decimal("182736.54")
    assert left[1][2] == Decimal("-261663.98")


def test_the_debt_is_the_loans_of_the_budget_once_each(warehouse) -> None:
    found = dict(
        warehouse.execute(
            "select split_part(document_id, '/', 2), encours_dette_eur from marts.fct_documents_budgetaires"
        ).fetchall()
    )
    assert found["mohon_CFU_2023.xml#1"] == Decimal("249941.48")  # the document's own total, a calculated record
    assert found["crach_principal_CA_2021.xml#1"] == Decimal("2079074.34")  # guaranteed loans left out
    assert found["crach_annexe_CA_2021.xml#1"] == Decimal("2500000.00")
    assert found["crach_principal_BP_2022.xml#1"] is None
    assert found["budgets.xml#2"] == 0
    motives = warehouse.execute(
        "select motif, count(*) from intermediate.int_finances__emprunts where exercice = 2016 "
        "group by motif order by motif"
    ).fetchall()
    assert motives == [
        ("autre état de l’annexe que la répartition par nature de dette", 1),
        ("calcul du ratio d’endettement", 1),
        ("compté", 2),
        ("emprunt garanti : la collectivité n’en est pas débitrice", 1),
    ]


def test_budget_and_modifications_add_up_to_the_credits_of_the_accounts(warehouse) -> None:
    found = warehouse.execute(
        "select est_compte_administratif, compte, sum(credits_ouverts_eur), sum(realise_eur) "
        "from marts.fct_lignes_documents where exercice = 2016 and compte in ('6064', '6156', '70878') "
        "group by all order by all"
    ).fetchall()
    budgets = {compte: amount for accounts, compte, amount, _ in found if not accounts}
    accounts = {compte: amount for accounts, compte, amount, _ in found if accounts}
    assert budgets == accounts == {"6064": Decimal("117.50"), "6156": Decimal("7.50"), "70878": Decimal("125.00")}
    assert [done for is_accounts, _, _, done in found if not is_accounts] == [None] * 3


def test_results_hold_what_is_carried_over_and_restes_a_realiser(warehouse) -> None:
    found = warehouse.execute(
        "select section, depenses_eur, recettes_eur, resultat_exercice_eur, resultat_cumule_eur, "
        "solde_restes_eur, resultat_avec_restes_eur from rapport.rpt_finances__resultats "
        "where exercice = 2016 order by section"
    ).fetchall()
    assert found == [
        ("fonctionnement", *euros("73.34", "140.10", "26.76", "66.76", "0", "66.76")),
        ("investissement", *euros("25.00", "44.34", "22.34", "19.34", "-3.00", "16.34")),
    ]


def test_chapter_and_section_follow_side_and_kind_of_operation(warehouse) -> None:
    found = warehouse.execute(
        "select compte, sens_budgetaire, type_operation, code_chapitre, section from marts.fct_lignes_documents "
        "where exercice = 2016 and est_compte_administratif "
        "and compte in ('2183', '28183', '6811', '1068', '021', '023') order by all"
    ).fetchall()
    between, inside = "ordre entre sections", "ordre à l’intérieur de la section"
    assert found == [
        ("021", "recette", between, "021", "investissement"),
        ("023", "dépense", between, "023", "fonctionnement"),
        ("1068", "recette", "réelle", "10", "investissement"),
        ("2183", "dépense", inside, "041", "investissement"),
        ("2183", "dépense", "réelle", "21", "investissement"),
        ("28183", "recette", between, "040", "investissement"),
        ("6811", "dépense", between, "042", "fonctionnement"),
    ]


def test_only_the_latest_version_of_a_decision_counts(warehouse) -> None:
    found = warehouse.execute(
        "select split_part(document_id, '/', 2), poids, motif from intermediate.int_finances__documents "
        "where exercice in (2018, 2020) order by all"
    ).fetchall()
    assert found == [
        ("CA.xml#1", 0, "compte administratif remplacé par le compte financier unique"),
        ("CA_corrige.xml#1", 1, "compté"),
        ("CA_initial.xml#1", 0, "document remplacé par une version plus récente"),
        ("CA_projet.xml#1", 0, "projet de budget, non voté"),
        ("CFU.xml#1", 1, "compté"),
        ("DM.xml#1", 0, "document remplacé par une version plus récente"),
        ("DM_corrigee.xml#1", 1, "compté"),  # it numbers the decision 01, the first one 1
        ("budgets.xml#1", 1, "compté"),
        ("budgets.xml#2", 1, "compté"),
    ]
    realised = (
        "select type_budget, realise_eur from marts.fct_lignes_documents where est_compte_administratif and exercice = "
    )
    assert warehouse.execute(realised + "2018 order by all").fetchall() == [
        ("annexe", Decimal("4.00")),
        ("principal", Decimal("2.00")),
    ]
    assert warehouse.execute(realised + "2020").fetchall() == [("principal", Decimal("2.00"))]


def test_accounts_that_no_plan_places_are_findings(warehouse) -> None:
    found = warehouse.execute(
        "select nomenclature, compte, anomalie, fichier, ligne from rapport.rpt_finances__comptes_inconnus order by all"
    ).fetchall()
    placed = "compte absent du plan de comptes, placé par son chapitre de vote"
    assert found == [
        ("M14-M14_COM_SUP3500", "61888", "compte absent du plan de comptes", "BP.xml", 4),
        ("M14-M14_COM_SUP3500", "61888", placed, "CA.xml", 6),
        ("M14-M14_COM_SUP3500", "6811", "compte non ouvert à ce sens et à ce type d’opération", "BP.xml", 5),
    ]
    sections = warehouse.execute(
        "select section, sum(credits_ouverts_eur) from rapport.rpt_finances__sections where exercice = 2019 "
        "group by all order by all"
    ).fetchall()
    assert sections == [("fonctionnement", Decimal("3.00")), ("indéterminée", Decimal("3.00"))]


def test_a_short_nomenclature_is_the_official_one(warehouse) -> None:
    assert warehouse.execute(
        "select distinct nomenclature, section from marts.fct_lignes_documents where exercice = 2024"
    ).fetchall() == [("M57-M57_A", "fonctionnement")]


def test_a_document_of_another_year_or_body_does_not_count(warehouse) -> None:
    assert warehouse.execute(
        "select document_id, motif from marts.fct_documents_ecartes where exercice = 2024 order by all"
    ).fetchall() == [
        ("2024/DM.xml#3", "document d’un autre organisme"),
        ("2024/annexes.xml#11", "document d’un autre exercice"),
    ]


def test_the_section_that_a_vendor_writes_and_two_documents_of_one_vote_are_compared(warehouse) -> None:
    found = warehouse.execute(
        "select code_regle, exercice, sujet, recu from controles.controles where code_regle in ('FIN-SECTION', 'FIN-DOUBLE') order by all"
    ).fetchall()
    assert [(code, subject, number) for code, _, subject, number in found] == [
        ("FIN-DOUBLE", "décision modificative, 21000000600019", "2"),
        ("FIN-SECTION", "DM.xml", "1"),
    ]


def test_keys_and_contracts_hold(dbt_results) -> None:
    keys = [name for name in dbt_results if name.startswith(("cle_fct_", "cle_rpt_finances", "cle_int_finances"))]
    assert len(keys) >= 10
    assert {dbt_results[name][0] for name in keys} == {"pass"}


def figures(db: duckdb.DuckDBPyConnection, year: int) -> dict[str, tuple]:
    return {
        code.removeprefix("finances."): (value, missing)
        for code, value, missing in db.execute(
            "select code, valeur, code_manquant from rapport.chiffres where code like 'finances.%' and exercice = ?",
            [year],
        ).fetchall()
    }


def test_figures_of_a_whole_year(warehouse) -> None:
    found = figures(warehouse, 2016)
    assert len(found) == 26
    assert {code: value for code, (value, _) in found.items() if code.startswith("annexe.")} == dict.fromkeys(
        (code for code in found if code.startswith("annexe.")), None
    )
    principal = {code: value for code, (value, _) in found.items() if not code.startswith("annexe.")}
    assert principal == {
        "principal.fonctionnement.budget": Decimal("125.00"),
        "principal.fonctionnement.recettes_realisees": Decimal("140.10"),
        "principal.fonctionnement.ecart_recettes": Decimal("15.10"),
        "principal.fonctionnement.depenses_realisees": Decimal("73.34"),
        "principal.fonctionnement.resultat": Decimal("66.76"),
        "principal.fonctionnement.resultat_reporte": Decimal("40.00"),
        "principal.fonctionnement.resultat_exercice": Decimal("26.76"),
        "principal.investissement.budget": Decimal("11.00"),
        "principal.investissement.excedent": Decimal("16.34"),
        "principal.fonctionnement.credits_depenses": Decimal("126.00"),
        "principal.fonctionnement.taux_depenses": Decimal("58.21"),
        "principal.investissement.recettes_realisees": Decimal("44.34"),
        "principal.investissement.depenses_realisees": Decimal("25.00"),
        "principal.investissement.solde_execution": Decimal("19.34"),
        "principal.investissement.restes_depenses": Decimal("11.00"),
        "principal.investissement.restes_recettes": Decimal("8.00"),
        "mandats": Decimal(8),
        "titres": None,  # that list has not arrived
        "contributions": None,
        "principal.fonctionnement.resultat_en_contributions": None,
        "principal.fonctionnement.resultat_en_mois": Decimal("10.9"),
        "dette.encours": Decimal("1000.50"),
    }


def test_without_the_accounts_of_the_year_every_figure_is_missing_the_debt_too(warehouse) -> None:
    assert set(figures(warehouse, 2017).values()) == {(None, "m")}


def test_accounts_without_loans_mean_no_debt(warehouse) -> None:
    assert figures(warehouse, 2018)["dette.encours"] == (Decimal(0), None)


def test_the_chapter_that_explains_an_effect_is_named_and_none_when_nothing_changed(warehouse) -> None:
    effects = "exercice, effet_recettes_eur, chapitre_effet_recettes, effet_depenses_eur, chapitre_effet_depenses"
    sold, bought = "Produits des services, du domaine et ventes diverses", "Charges à caractère général"
    assert rows(
        warehouse,
        f"select {effects} from rapport.rpt_finances__resultats where effet_recettes_eur is not null order by exercice",
    ) == [
        (2021, *euros("0"), None, *euros("2"), bought),
        (2022, *euros("47"), sold, *euros("-105"), bought),
    ]


def test_receipts_of_the_year_are_compared_with_credits_apart_from_what_is_carried_over(warehouse) -> None:
    rates = (
        "select taux_realisation_pct, taux_sans_report_pct from rapport.rpt_finances__sections where exercice = 2016"
    )
    done = "section = 'fonctionnement' and sens_budgetaire = 'recette' and nature_decision = 'compte administratif'"
    # 140.10 for 125.00; 100.10 without the 40.00 carried over, for which these credits have no line
    assert rows(warehouse, f"{rates} and {done}") == [(Decimal("112.1"), Decimal("80.1"))]


def test_amounts_that_should_be_equal_and_are_not(warehouse) -> None:
    found = rows(
        warehouse,
        "select controle, exercice, objet, section, sens_budgetaire, code_chapitre, attendu_eur, constate_eur, severite "
        "from rapport.rpt_finances__rapprochements where not est_egal order by rapprochement_id",
    )
    accounts, f, i = "compte administratif", "fonctionnement", "investissement"
    lost = "budget 21000000600105 (HA5712023 HAMEAU DE SEVIGNE MOHON 625)"
    opened = "crédits ouverts selon les comptes, budget 0P"
    assert found == [
        # Mohon’s own totals name an annexe whose document is not here
        ("FIN-ANNEXE-ABSENTE", 2023, lost, f, "dépense", None, *euros("182059.27", "0"), "alerte"),
        ("FIN-ANNEXE-ABSENTE", 2023, lost, f, "recette", None, *euros("186277.74", "0"), "alerte"),
        ("FIN-ANNEXE-ABSENTE", 2023, lost, i, "dépense", None, *euros("154891.37", "0"), "alerte"),
        ("FIN-ANNEXE-ABSENTE", 2023, lost, i, "recette", None, *euros("182058.80", "0"), "alerte"),
        # Crac’h’s budgets of 2022, beside the hand-made accounts of that year
        (
            *("FIN-COMPTE-ABSENT", 2022, "comptes du budget 00 (BUDGET PRINCIPAL)", None, "dépense", None),
            *(*euros("7201227.49", "0"), "alerte"),
        ),
        (
            *("FIN-COMPTE-ABSENT", 2022, "comptes du budget 06 (LOTISSEMENT LE BOCENO)", None, "dépense", None),
            *(*euros("3123900.60", "0"), "alerte"),
        ),
        ("FIN-CREDITS", 2016, opened, f, "dépense", None, *euros("125.00", "126.00"), "alerte"),
        ("FIN-CREDITS", 2016, opened, i, "dépense", None, *euros("0", "52.00"), "alerte"),
        ("FIN-CREDITS", 2016, opened, i, "recette", None, *euros("0", "11.00"), "alerte"),
        # the ledger: 651 is not in the accounts; 6064 is right once what was cancelled is taken off
        ("FIN-ECRITURES", 2016, "mandats", f, "dépense", "65", *euros("0", "1.00"), "alerte"),
        ("FIN-ECRITURES", 2016, "mandats du budget XX", f, "dépense", None, *euros("0", "1.20"), "alerte"),
        ("FIN-EQUILIBRE", 2016, accounts, f, None, None, *euros("126.00", "125.00"), "alerte"),
        ("FIN-EQUILIBRE", 2016, accounts, i, None, None, *euros("52.00", "11.00"), "alerte"),
        ("FIN-EQUILIBRE", 2017, "budget primitif", f, None, None, *euros("10.00", "0"), "alerte"),
        ("FIN-EQUILIBRE", 2018, "budget primitif", f, None, None, *euros("17.00", "0"), "alerte"),
        # one of its accounts has no section: it is judged as a whole
        ("FIN-EQUILIBRE", 2019, "budget primitif", None, None, None, *euros("4.00", "2.00"), "alerte"),
        ("FIN-EQUILIBRE", 2021, accounts, f, None, None, *euros("1.50", "0"), "alerte"),
        ("FIN-EQUILIBRE", 2024, "budget primitif", f, None, None, *euros("5.00", "0"), "alerte"),
        *(
            (
                *("FIN-RECIPROQUE", year, "Frais remboursés par le budget annexe à la collectivité de rattachement", f),
                *(None, None, *euros("10.00", "7.00"), "alerte"),
            )
            for year in (2022, 2025)
        ),
        ("FIN-REPRISE", 2020, "reprise en 2021", f, None, "002", *euros("-2.00", "-1.50"), "alerte"),
        ("FIN-REPRISE", 2021, "reprise en 2022", f, None, "002", *euros("-1.50", "0"), "alerte"),
        ("FIN-VIREMENT", 2024, "décision modificative", f, "dépense", "023", *euros("0", "6.00"), "alerte"),
    ]


def test_every_control_is_made_on_the_real_documents_and_none_raises_a_false_alarm(warehouse) -> None:
    found = rows(
        warehouse,
        "select controle, count(*), bool_and(est_egal) from rapport.rpt_finances__rapprochements "
        "where siret in ('21000000600010', '21000000600085', '21000000600014') "
        "and controle <> 'FIN-COMPTE-ABSENT' group by controle order by controle",
    )
    assert found == [
        ("FIN-CONSOLIDATION", 36, True),
        ("FIN-EQUILIBRE", 12, True),
        ("FIN-ORDRE", 18, True),
        ("FIN-REPRISE", 4, True),
        ("FIN-RESTES", 8, True),
        ("FIN-VIREMENT", 4, True),
    ]


def test_the_totals_of_a_document_may_leave_out_what_is_carried_over(warehouse) -> None:
    """Mohon’s leave out 001 and 002; Crac’h’s hold them."""
    realised = (
        "select attendu_eur, constate_eur from rapport.rpt_finances__rapprochements where controle = 'FIN-CONSOLIDATION' "
        "and objet = 'réalisé' and section = 'fonctionnement' and sens_budgetaire = 'recette' and siret = ?"
    )
    assert rows(warehouse, realised, "21000000600014") == [euros("931773.38", "931773.38")]
    assert rows(warehouse, realised, "21000000600010") == [euros("3890478.15", "3890478.15")]
    motives = rows(
        warehouse,
        "select motif, count(*) from intermediate.int_finances__consolidations group by motif order by motif",
    )
    assert motives == [("compté", 12), ("total d’un autre budget", 12)]


def test_the_ledger_keeps_every_line_and_says_which_count(warehouse) -> None:
    found = rows(
        warehouse,
        "select numero_piece, compte, code_chapitre, section, montant_eur, poids, motif "
        "from intermediate.int_finances__ecritures order by _ligne",
    )
    f, i = "fonctionnement", "investissement"
    assert found == [
        (1, "6064", "011", f, Decimal("90.00"), 1, "compté"),
        (1, "6064", "011", f, Decimal("90.00"), 0, "doublon"),
        (2, "6064", "011", f, Decimal("-20.00"), 1, "compté"),
        (3, "6064", "011", f, Decimal("-10.00"), 1, "compté"),
        (4, "2183", "21", i, Decimal("20.00"), 1, "compté"),
        (5, "6811", None, f, Decimal("12.34"), 0, "opération d’ordre, sans mandat ni titre"),
        (6, "6156", None, f, Decimal("1.20"), 1, "compté"),  # of no budget that we know
        (7, "651", "65", f, Decimal("1.00"), 1, "compté"),
        (8, "61888", "011", f, Decimal("1.00"), 1, "compté"),  # placed by the accounts
        (9, "4581001", "4581", i, Decimal("0.00"), 1, "compté"),  # the first operation of 4581
    ]
    personal = warehouse.execute("select * from lake.ciril_finances__mandats limit 0").description
    assert not {"tiers", "objet"} & {column[0] for column in personal}


def test_what_budgets_pay_one_another_leaves_both_sides(warehouse) -> None:
    found = rows(
        warehouse,
        "select sens_budgetaire, code_chapitre_canonique, principal_eur, annexes_eur, flux_reciproques_eur, consolide_eur "
        "from rapport.rpt_finances__consolidation where exercice = 2025 order by all",
    )
    assert found == [
        ("dépense", "011", *euros("105.00", "11.00", "15.00", "101.00")),
        ("dépense", "012", *euros("0", "40.00", "40.00", "0")),
        ("recette", "70", *euros("47.00", "65.00", "52.00", "60.00")),
    ]


def test_the_credits_of_a_section_grow_from_step_to_step(warehouse) -> None:
    found = rows(
        warehouse,
        "select rang, etape, credits_votes_eur, credits_cumules_eur, realise_eur from rapport.rpt_finances__evolution "
        "where exercice = 2016 and section = 'fonctionnement' and sens_budgetaire = 'recette' order by rang",
    )
    assert found == [
        (1, "budget primitif", *euros("105.00", "105.00"), None),
        (2, "décision modificative n° 1", *euros("20.00", "125.00"), None),
        (3, "décision modificative n° 2", *euros("0", "125.00"), None),
        (4, "compte administratif", None, *euros("125.00", "140.10")),
    ]


def test_a_chapter_says_what_was_voted_spent_left_over_and_cancelled(warehouse) -> None:
    found = rows(
        warehouse,
        "select code_chapitre, budget_primitif_eur, decisions_modificatives_eur, credits_ouverts_eur, realise_eur, "
        "restes_a_realiser_eur, credits_annules_eur, taux_realisation_pct from rapport.rpt_finances__chapitres "
        "where exercice = 2016 and sens_budgetaire = 'dépense' and code_chapitre in ('011', '21') order by all",
    )
    assert found == [
        ("011", *euros("105.00", "20.00", "125.00", "61.00", "0", "64.00", "48.80")),
        ("21", *euros("0", "0", "50.00", "20.00", "11.00", "19.00", "40.00")),
    ]
    unknown = "select distinct budget_primitif_eur from rapport.rpt_finances__chapitres where exercice = 2023"
    assert rows(warehouse, unknown) == [(None,)]  # Mohon’s budget primitif has not arrived


@pytest.mark.parametrize(
    ("exercice", "chapitre", "fichier", "voted"),
    [
        (2017, "011", "BP.xml#1", "10.00"),  # the accounts have not arrived
        (2018, "012", "CA_corrige.xml#1", "7.00"),  # they have, and leave the chapter out
    ],
)
def test_a_chapter_that_was_voted_is_kept_without_accounts(warehouse, exercice, chapitre, fichier, voted) -> None:
    found = rows(
        warehouse,
        "select document_id, libelle_chapitre is null, budget_primitif_eur, decisions_modificatives_eur, "
        "credits_ouverts_eur, realise_eur, "
        "restes_a_realiser_eur, credits_annules_eur, taux_realisation_pct from rapport.rpt_finances__chapitres "
        "where exercice = ? and code_chapitre = ?",
        exercice,
        chapitre,
    )
    assert found == [(f"{exercice}/{fichier}", False, *euros(voted, "0", voted), None, None, None, None)]


def test_results_say_what_was_taken_up_and_what_investment_needs(warehouse) -> None:
    found = rows(
        warehouse,
        "select section, report_eur, excedent_financement_eur, besoin_financement_eur "
        "from rapport.rpt_finances__resultats where document_id like '%crach_principal_CA_2021%' order by section",
    )
    assert found[0] == ("fonctionnement", Decimal("835043.06"), None, None)
    assert found[1][2:] == euros("0", "78927.44")  # 182 736,54 − 261 663,98


def test_the_debt_of_a_budget_and_what_it_cost(warehouse) -> None:
    found = rows(
        warehouse,
        "select nb_emprunts, encours_ouverture_eur, annuite_eur = capital_rembourse_eur + interets_eur, "
        "encours_cloture_eur from rapport.rpt_finances__dette where exercice in (2016, 2018) and type_budget = 'principal' "
        "order by exercice",
    )
    assert found == [
        (2, Decimal("8.00"), True, Decimal("1000.50")),
        (0, Decimal(0), True, Decimal(0)),  # accounts without a loan: no debt
    ]


def test_chapters_of_two_plans_of_accounts_stand_in_one_series(warehouse) -> None:
    """Crac’h in M14, Mohon in M57: the chapter of the year stays, and the series puts together what moved."""
    found = rows(
        warehouse,
        "select distinct split_part(nomenclature, '-', 1), code_chapitre, libelle_chapitre, code_chapitre_canonique "
        "from marts.fct_lignes_documents where regexp_matches(fichier, '^(crach|mohon)') "
        "and code_chapitre <> code_chapitre_canonique order by all",
    )
    assert found == [
        ("M14", "67", "Charges exceptionnelles", "65"),
        ("M14", "77", "Produits exceptionnels", "75"),
        ("M57", "67", "Charges spécifiques", "65"),
        ("M57", "731", "Fiscalité locale", "73"),
        ("M57", "77", "Produits spécifiques", "75"),
    ]
