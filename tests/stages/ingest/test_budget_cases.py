"""Budget documents that are incomplete, received twice or unusual: a partial amount is never presented as complete."""

import hashlib
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.ledger.records import Finding
from pipelines.ledger.store import open_ledger
from pipelines.ledger.workspace import Workspace
from pipelines.runs.collect import collect
from pipelines.settings import Home
from pipelines.stages.ingest.delivery import ingest
from tests.dbt.compiled import Compiled
from tests.stages.ingest.budget_documents import SIRET_ANNEXE, budget, document, line, loan
from tests.stages.ingest.budget_warehouse import STATE, built_of, euros, found_in, rows

LOST_ANNEXE = "21000000600035"
SILENT_ANNEXE = "21000000600043"


def total(siret: str, section: str, sens: str, amount: str, **more: str) -> str:
    """A ``CONSOLIDATION`` of the annexes: what one budget spent or received."""
    values = {"CodTypBudAgreg": "02", "LibBudAnnex": "Régie", "SiretBudAnnexe": siret, "CodInvFonc": section}
    values |= {"CodRD": sens, "MtRealMandatTitre": amount} | more
    children = "".join(f'<{name} V="{value}"/>' for name, value in values.items())
    return f"<CONSOLIDATION>{children}</CONSOLIDATION>"


def with_totals(text: str, *totals: str) -> str:
    """A budget whose annexes hold totals."""
    return text.replace("<Annexes>", f"<Annexes><DATA_CONSOLIDATION>{''.join(totals)}</DATA_CONSOLIDATION>")


def dated(text: str, day: str) -> str:
    """A budget that bears the date of its decision."""
    return text.replace("<BlocBudget>", f'<BlocBudget><DteDec V="{day}"/>')


def m57(decision: str, year: int, nomenclature: str, **more) -> str:
    """A budget in another nomenclature, of one account that all plans have, and one that none has."""
    lines = [line("6064", "D", MtReal="1.00"), line("70999", "R", MtReal="2.50", CredOuv="2.00")]
    return budget(decision, year, lines, nomenclature=nomenclature, **more)


def accounts(year: int, amount: str, siret: str, *more: str, kind: str = "A", loans=()) -> str:
    """Accounts that spend ``amount``."""
    return budget("09", year, [line("6064", "D", MtReal=amount), *more], kind=kind, siret=siret, loans=loans)


def whole(year: int, amount: str, siret: str, *more: str, kind: str = "A", loans=(), left: str | None = "0.00") -> str:
    """Accounts that open and spend ``amount``, under the latest plan, and say what is ``left`` to carry out, unless it is None."""
    lines = [line("6064", "D", MtReal=amount, CredOuv=amount, **({"MtRAR3112": left} if left else {})), *more]
    return budget("09", year, lines, kind=kind, siret=siret, loans=loans, nomenclature="M57-M57_D")


INVESTED = [line("21838", "D", MtReal="10.00", CredOuv="10.00"), line("1323", "R", MtReal="10.00", CredOuv="10.00")]
WITHOUT_CREDITS = [line("21838", "D", MtReal="10.00"), line("1323", "R", MtReal="10.00")]
PRINCIPAL_SIRET, ANNEXE_TYPE = "21000000600019", '<CodTypBud V="A"/>'
THE_PRINCIPAL = {"CodTypBudAgreg": "01", "CodBudAnnex": "00", "LibBudAnnex": "BUDGET PRINCIPAL"}
UNREADABLE = line("6156", "X", MtReal="12,x")
THIRD_ANNEXE, SHORT = "21000000600043", "2100000060005"  # the latter lacks a digit
DOCUMENTS = {
    # 2010: the accounts of an annexe are cut short, those of the principal are whole
    2010: {
        "ca.xml": document(accounts(2010, "10.00", "21000000600019", kind="P")),
        "coupe.xml": document(accounts(2010, "4.00", SIRET_ANNEXE))[:-60],
    },
    # 2011: the accounts of one annexe are those of the year before; the principal's came twice, once of the year before; the
    # budget of the principal is cut short
    2011: {
        "ca.xml": document(accounts(2011, "10.00", "21000000600019", kind="P")),
        "ca_avant.xml": document(accounts(2010, "9.00", "21000000600019", kind="P")),
        "annexe.xml": document(accounts(2011, "1.00", LOST_ANNEXE)),
        "annexe_avant.xml": document(accounts(2010, "4.00", SIRET_ANNEXE)),
        "bp.xml": document(budget("01", 2011, [line("6064", "D", CredOuv="1.00")]))[:-60],
    },
    # 2012: one unreadable line in the accounts of the principal; an unreadable budget of an annexe, whose accounts are whole
    2012: {
        "ca.xml": document(accounts(2012, "10.00", "21000000600019", UNREADABLE, UNREADABLE, kind="P")),
        "annexe.xml": document(accounts(2012, "4.00", SIRET_ANNEXE)),
        "bp.xml": document(budget("01", 2012, [line("6064", "D", CredOuv="x")], kind="A", siret=SIRET_ANNEXE)),
    },
    # 2013: three annexes, one of which has an unreadable loan, and came whole before
    2013: {
        "ca.xml": document(accounts(2013, "10.00", "21000000600019", kind="P")),
        "un.xml": document(accounts(2013, "1.00", SIRET_ANNEXE, loans=[loan(MtCapitalRestDu_31_12="5.00")])),
        "deux.xml": document(accounts(2013, "2.00", LOST_ANNEXE)),
        "trois.xml": document(
            accounts(2013, "3.00", THIRD_ANNEXE, loans=[loan(MtCapitalRestDu_31_12="x")]), sealed="2014-06-02T10:00:00"
        ),
        "trois_avant.xml": document(accounts(2013, "3.00", THIRD_ANNEXE), sealed="2014-06-01T10:00:00"),
    },
    # 2014: the heading of an annexe cannot be read, and it has more lines than all others
    2014: {
        "ca.xml": document(accounts(2014, "10.00", "21000000600019", kind="P")),
        "annexe.xml": document(accounts(2014, "4.00", SHORT, *[UNREADABLE] * 9)),
    },
    # 2015: nothing is left of a document: nobody knows of which budget it was
    2015: {
        "ca.xml": document(accounts(2015, "10.00", "21000000600019", kind="P")),
        "vide.xml": document(budget("09", 2015, kind="A", siret=SIRET_ANNEXE)),
    },
    # 2016: the annexe's accounts give the totals of the principal under the annexe's SIRET, beside its own
    2016: {
        "ca.xml": document(
            with_totals(
                budget("09", 2016, [line("6064", "D", MtReal="4.00")], kind="A", siret=SIRET_ANNEXE),
                total(SIRET_ANNEXE, "F", "D", "4.00"),
                total(SIRET_ANNEXE, "F", "D", "900.00"),
            )
        )
    },
    # 2017: the principal names two annexes, one of which is there; an annexe has a budget and a decision, and no accounts
    2017: {
        "principal.xml": document(
            with_totals(
                budget("09", 2017, [line("6064", "D", MtReal="1.00")]),
                total(SIRET_ANNEXE, "F", "D", "4.00"),
                total(LOST_ANNEXE, "F", "D", "30.00"),
                total(LOST_ANNEXE, "F", "R", "40.00"),
                total("99900000000011", "F", "D", "7.00"),  # another body: a CCAS
            )
        ),
        "annexe.xml": document(budget("09", 2017, [line("6064", "D", MtReal="4.00")], kind="A", siret=SIRET_ANNEXE)),
        "votee.xml": document(
            budget("01", 2017, [line("6064", "D", CredOuv="50.00")], kind="A", siret="21000000600043"),
            budget("02", 2017, [line("6064", "D", MtPrev="5.00")], kind="A", siret="21000000600043", number="1"),
        ),
    },
    # 2018: a décision modificative of 5,00 is lost; the annexe's accounts say nothing of its credits
    2018: {
        "bp.xml": document(
            budget("01", 2018, [line("6064", "D", CredOuv="10.00"), line("7588", "R", CredOuv="10.00")])
        ),
        "ca.xml": document(
            budget("09", 2018, [line("6064", "D", CredOuv="15.00"), line("7588", "R", CredOuv="10.00")])
        ),
        "bp_annexe.xml": document(
            budget("01", 2018, [line("6064", "D", CredOuv="8.00")], kind="A", siret=SIRET_ANNEXE)
        ),
        "ca_annexe.xml": document(budget("09", 2018, [line("6064", "D", MtReal="8.00")], kind="A", siret=SIRET_ANNEXE)),
    },
    # 2019: an annexe of the debt is absent though a loan is repaid; another budget only pays interest; a third has no debt
    2019: {
        "ca.xml": document(budget("09", 2019, [line("1641", "D", MtReal="500.00"), line("6064", "D", MtReal="1.00")])),
        "interets.xml": document(
            budget("09", 2019, [line("66111", "D", MtReal="20.00")], kind="A", siret=SIRET_ANNEXE)
        ),
        "sans.xml": document(budget("09", 2019, [line("1641", "D", CredOuv="500.00")], kind="A", siret=LOST_ANNEXE)),
        # of two loans, one does not say what is due
        "muet.xml": document(
            budget(
                "09",
                2019,
                [line("1641", "D", MtReal="7.00")],
                kind="A",
                siret=SILENT_ANNEXE,
                loans=[loan(MtCapitalRestDu_31_12="70.00"), loan()],
            )
        ),
    },
    # 2020: no loan at all and nothing moved, and one that is listed: the debt is the latter's
    2020: {
        "ca.xml": document(budget("09", 2020, [line("6064", "D", MtReal="1.00")])),
        "annexe.xml": document(
            budget(
                "09",
                2020,
                [line("1641", "D", MtReal="50.00"), line("165", "D", MtReal="400.00")],
                kind="A",
                siret=SIRET_ANNEXE,
                loans=[loan(MtCapitalRestDu_31_12="70.00", MtCapitalExer="5.00")],
            )
        ),
    },
    # 2021: accounts that call themselves a draft, one of them said to be voted; drafts whose voted document is there
    2021: {
        "projet.xml": document(budget("09", 2021, [line("6064", "D", MtReal="10.00")], draft=True)),
        "vote.xml": document(
            budget("09", 2021, [line("6064", "D", MtReal="20.00")], draft=True, kind="A", siret=SIRET_ANNEXE)
        ),
        "deux.xml": document(
            budget("09", 2021, [line("6064", "D", MtReal="3.00")], draft=True, kind="A", siret=LOST_ANNEXE),
            budget("09", 2021, [line("6064", "D", MtReal="4.00")], kind="A", siret=LOST_ANNEXE),
        ),
    },
    # 2022: two décisions modificatives without a number, the later in the file whose name comes first; one came twice
    2022: {
        "a.xml": document(
            dated(budget("02", 2022, [line("6064", "D", MtPrev="7.00")]), "2022-11-30"), sealed="2022-12-01T10:00:00"
        ),
        "b.xml": document(
            dated(budget("02", 2022, [line("6064", "D", MtPrev="5.00")]), "2022-06-30"), sealed="2022-07-01T10:00:00"
        ),
        "b_encore.xml": document(
            dated(budget("02", 2022, [line("6064", "D", MtPrev="5.00")]), "2022-06-30"), sealed="2022-07-01T10:00:00"
        ),
        # one budget has one compte administratif, whatever number it bears
        "ca_1.xml": document(budget("09", 2022, [line("6064", "D", MtReal="1.00")], number="1")),
        "ca_2.xml": document(
            budget("09", 2022, [line("6064", "D", MtReal="2.00")], number="2"), sealed="2023-01-01T10:00:00"
        ),
        # two budgets under one SIRET: each takes up its own results
        "bp.xml": document(
            budget("01", 2022, [line("6064", "D", CredOuv="1.00")]).replace(
                "<BlocBudget>", '<BlocBudget><ReprRes V="3"/>'
            ),
            budget("01", 2022, [line("6064", "D", CredOuv="1.00")])
            .replace("<BlocBudget>", '<BlocBudget><ReprRes V="1"/>')
            .replace('<CodBud V="0P"/>', '<CodBud V="ZZ"/>'),
            budget("09", 2022, [line("6064", "D", MtReal="1.00")]).replace('<CodBud V="0P"/>', '<CodBud V="ZZ"/>'),
        ),
    },
    # 2023, 2025: plans that end before, forms that have none of their own
    2023: {
        "ca.xml": document(
            m57("09", 2023, "M57"),
            m57("09", 2023, "M4-M43_A", kind="A", siret=SIRET_ANNEXE),
            m57("09", 2023, "M4-M44", kind="A", siret=LOST_ANNEXE),
        ),
        # nothing here reads these: a hospital, a centre de gestion
        "refuses.xml": document(
            m57("09", 2023, "M22", kind="A", siret="21000000600043"),
            m57("09", 2023, "M832-M832", kind="A", siret="21000000600050"),
        ),
    },
    2025: {
        "ca.xml": document(m57("09", 2025, "M57-M57_D", number="1")),
        "bp.xml": document(budget("01", 2025, [line("70999", "R", CredOuv="2.00")], nomenclature="M57-M57_D")),
    },
    # 2026: accounts that do not say whether their budget is an annexe; those of a third one give its principal's SIRET
    2026: {
        "ca.xml": document(whole(2026, "10.00", PRINCIPAL_SIRET, kind="P")),
        "annexe.xml": document(whole(2026, "4.00", SIRET_ANNEXE)),
        "sans_type.xml": document(whole(2026, "5.00", LOST_ANNEXE).replace(ANNEXE_TYPE, "")),
        "du_principal.xml": document(
            whole(2026, "6.00", THIRD_ANNEXE).replace(ANNEXE_TYPE, f'<IdEtabPal V="{PRINCIPAL_SIRET}"/>')
        ),
    },
    # 2027: accounts of which no line says what was opened, or what was done
    2027: {
        "ca.xml": document(
            budget("09", 2027, [line("6064", "D", MtReal="3.00", MtRAR3112="0.00")], nomenclature="M57-M57_D")
        ),
        "annexe.xml": document(
            budget(
                "09",
                2027,
                [line("6064", "D", CredOuv="3.00", MtRAR3112="0.00")],
                nomenclature="M57-M57_D",
                kind="A",
                siret=SIRET_ANNEXE,
            )
        ),
    },
    # 2028: a loan without what is left of it at the closing
    2028: {
        "ca.xml": document(
            whole(
                2028,
                "10.00",
                PRINCIPAL_SIRET,
                line("1641", "D", MtReal="6.00"),
                kind="P",
                loans=[
                    loan(MtCapitalRestDu_31_12="70.00", MtCapitalExer="5.00"),
                    loan(MtCapitalRestDu_01_01="40.00", MtCapitalExer="1.00"),
                ],
            )
        ),
        "annexe.xml": document(whole(2028, "4.00", SIRET_ANNEXE)),
        "partie.xml": document(whole(2028, "5.00", LOST_ANNEXE)),
    },
    # 2029: a loan of no state of the annexe; nothing came of an annexe
    2029: {
        "ca.xml": document(
            whole(
                2029,
                "10.00",
                PRINCIPAL_SIRET,
                kind="P",
                loans=[loan(MtCapitalRestDu_31_12="70.00"), loan(None, MtCapitalRestDu_31_12="30.00")],
            )
        ),
        "annexe.xml": document(whole(2029, "4.00", SIRET_ANNEXE)),
    },
    # 2030: the principal came under two codes
    2030: {
        "ca.xml": document(whole(2030, "10.00", PRINCIPAL_SIRET, kind="P")),
        "encore.xml": document(whole(2030, "10.00", PRINCIPAL_SIRET, kind="P").replace('<CodBud V="0P"/>', "")),
    },
    # 2031: a décision modificative from one chapter to another is lost; an amount of an annexe's accounts is there, and empty
    2031: {
        "bp.xml": document(
            budget(
                "01",
                2031,
                [
                    line("6064", "D", CredOuv="10.00"),
                    line("64111", "D", CredOuv="7.00"),
                    line("60611", "D", CredOuv="1.00"),
                ],
                nomenclature="M57-M57_D",
            )
        ),
        "ca.xml": document(
            with_totals(
                budget(
                    "09",
                    2031,
                    [
                        line("6064", "D", CredOuv="5.00", MtReal="5.00"),
                        line("64111", "D", CredOuv="12.00", MtReal="12.00"),
                        line("60611", "D", CredOuv="1.00", MtReal="0.00"),
                    ],
                    nomenclature="M57-M57_D",
                ),
                total(PRINCIPAL_SIRET, "F", "D", "17.00"),
            )
        ),
        "annexe.xml": document(whole(2031, "4.00", SIRET_ANNEXE, line("6064", "D", CredOuv="2.00", MtReal=""))),
    },
    # 2032: the principal's accounts no longer give their totals
    2032: {
        "ca.xml": document(whole(2032, "10.00", PRINCIPAL_SIRET, kind="P")),
        "annexe.xml": document(whole(2032, "4.00", SIRET_ANNEXE)),
    },
    # 2033: a loan that says what was due at the opening and nothing else; one of no state, which says no more; one that was repaid
    2033: {
        "ca.xml": document(
            whole(2033, "10.00", PRINCIPAL_SIRET, kind="P", loans=[loan(MtCapitalRestDu_01_01="40.00")])
        ),
        "annexe.xml": document(whole(2033, "4.00", SIRET_ANNEXE, loans=[loan(None, MtCapitalRestDu_01_01="30.00")])),
        "solde.xml": document(
            whole(2033, "5.00", LOST_ANNEXE, loans=[loan(MtCapitalRestDu_01_01="8.00", MtCapitalExer="8.00")])
        ),
    },
    # 2034: no line says what is left to carry out, and one of the document's own totals says that something is
    2034: {
        "ca.xml": document(
            with_totals(
                whole(2034, "10.00", PRINCIPAL_SIRET, *WITHOUT_CREDITS, kind="P", left=None),
                *(total(PRINCIPAL_SIRET, *side, "10.00", RAR="0.00") for side in ("FD", "IR")),
                total(PRINCIPAL_SIRET, "I", "D", "10.00", RAR="12.00"),
            )
        ),
    },
    # 2035: its own totals say that nothing is; a budget of which there is but a decision, of transfers
    2035: {
        "ca.xml": document(
            with_totals(
                whole(2035, "10.00", PRINCIPAL_SIRET, *INVESTED, kind="P", left=None),
                *(total(PRINCIPAL_SIRET, *side, "10.00", RAR="0.00") for side in ("FD", "ID", "IR")),
            )
        ),
        "dm.xml": document(
            budget(
                "02",
                2035,
                [line("6064", "D", MtPrev="-3.00"), line("64111", "D", MtPrev="3.00")],
                kind="A",
                siret=SIRET_ANNEXE,
                nomenclature="M57-M57_D",
            )
        ),
    },
    # 2036: an annexe came under two codes; one of its accounts is in no plan
    2036: {
        "ca.xml": document(whole(2036, "10.00", PRINCIPAL_SIRET, kind="P")),
        "annexe.xml": document(whole(2036, "4.00", SIRET_ANNEXE, line("70999", "R", MtReal="2.50", CredOuv="2.00"))),
        "encore.xml": document(whole(2036, "4.00", SIRET_ANNEXE).replace('<CodBud V="0A"/>', '<CodBud V="A"/>')),
    },
    # 2037: more interest was paid than the loans of the annexe ask; a loan that was drawn in the year does not say what is due
    2037: {
        "ca.xml": document(
            whole(
                2037,
                "10.00",
                PRINCIPAL_SIRET,
                line("66111", "D", MtReal="20.00", CredOuv="20.00"),
                kind="P",
                loans=[loan(MtCapitalRestDu_01_01="40.00", MtCapitalRestDu_31_12="40.00", MtIntExer="5.00")],
            )
        ),
        "annexe.xml": document(
            whole(2037, "4.00", SIRET_ANNEXE, loans=[loan(MtCapitalRestDu_01_01="0.00", MtCapitalExer="0.00")])
        ),
        # loans that only another state of the annexe lists; a state written with one digit
        "preteurs.xml": document(whole(2037, "5.00", LOST_ANNEXE, loans=[loan("02", MtCapitalRestDu_31_12="9.00")])),
        "un.xml": document(whole(2037, "6.00", THIRD_ANNEXE, loans=[loan("1", MtCapitalRestDu_31_12="8.00")])),
    },
    # 2038: what was due at the opening is not what was due a year before, and what is due is neither repaid nor drawn since
    2038: {
        "ca.xml": document(
            whole(
                2038,
                "10.00",
                PRINCIPAL_SIRET,
                line("1641", "R", MtReal="7.00", CredOuv="7.00"),
                kind="P",
                loans=[loan(MtCapitalRestDu_01_01="30.00", MtCapitalRestDu_31_12="34.00", MtCapitalExer="1.00")],
            )
        ),
    },
    # 2039: no line says what was received in fonctionnement; of an annexe, nothing could be done on the side that says nothing
    2039: {
        "ca.xml": document(
            whole(2039, "10.00", PRINCIPAL_SIRET, line("75888", "R", CredOuv="10.00"), *INVESTED, kind="P")
        ),
        "annexe.xml": document(whole(2039, "4.00", SIRET_ANNEXE, line("021", "R", order="2", CredOuv="9.00"))),
        "totaux.xml": document(
            with_totals(
                whole(2039, "5.00", LOST_ANNEXE, line("75888", "R", CredOuv="10.00")),
                total(LOST_ANNEXE, "F", "D", "5.00"),
                total(LOST_ANNEXE, "F", "R", "0.00"),
            )
        ),
    },
    # 2040: the accounts of the principal call themselves those of an annexe
    2040: {
        "ca.xml": document(whole(2040, "10.00", PRINCIPAL_SIRET).replace("0A", "0P")),
        "annexe.xml": document(
            whole(2040, "4.00", SIRET_ANNEXE).replace(ANNEXE_TYPE, f'{ANNEXE_TYPE}<IdEtabPal V="{PRINCIPAL_SIRET}"/>')
        ),
    },
    # 2041: what is left is said on one side, and the totals say that something is on the other; of an annexe there are no totals
    2041: {
        "ca.xml": document(
            with_totals(
                whole(2041, "10.00", PRINCIPAL_SIRET, INVESTED[0], kind="P", left=None).replace(
                    "</LigneBudget>\n", "</LigneBudget>\n" + line("1323", "R", MtReal="10.00", MtRAR3112="3.00"), 1
                ),
                total(PRINCIPAL_SIRET, "I", "D", "10.00", RAR="12.00"),
                total(PRINCIPAL_SIRET, "I", "R", "10.00", RAR="3.00"),
                total(PRINCIPAL_SIRET, "F", "R", "50.00"),  # of which no line is left
            )
        ),
        "annexe.xml": document(
            whole(2041, "4.00", SIRET_ANNEXE, INVESTED[0], line("1323", "R", MtReal="10.00", MtRAR3112="3.00"))
        ),
    },
    # 2043: the principal names two annexes of one SIRET, under numbers of its own; the accounts of one came
    2043: {
        "principal.xml": document(
            with_totals(
                whole(2043, "1.00", "21000000600019", kind="P"),
                total(SIRET_ANNEXE, "F", "D", "4.00", CodBudAnnex="02", LibBudAnnex="Eau"),
                total(SIRET_ANNEXE, "F", "D", "9.00", CodBudAnnex="03", LibBudAnnex="Assainissement"),
            )
        ),
        "eau.xml": document(whole(2043, "4.00", SIRET_ANNEXE)),
    },
    # 2045: two annexes share SIRET and code, and not their name; a decision came twice under one number, decided on two days
    2045: {
        "eau.xml": document(whole(2045, "4.00", SIRET_ANNEXE).replace("Essai A", "Eau"), sealed="2046-02-01T10:00:00"),
        "egouts.xml": document(
            whole(2045, "9.00", SIRET_ANNEXE).replace("Essai A", "Assainissement"), sealed="2046-03-01T10:00:00"
        ),
        "dm.xml": document(
            dated(budget("02", 2045, [line("6064", "D", MtPrev="5.00")], number="1"), "2045-05-01"),
            sealed="2045-05-02T10:00:00",
        ),
        "dm_bis.xml": document(
            dated(budget("02", 2045, [line("6064", "D", MtPrev="7.00")], number="1"), "2045-09-01"),
            sealed="2045-09-02T10:00:00",
        ),
        # a budget is voted once, whatever the day
        "bp.xml": document(
            dated(budget("01", 2045, [line("6064", "D", CredOuv="1.00")]), "2045-03-01"), sealed="2045-03-02T10:00:00"
        ),
        "bp_apres.xml": document(
            dated(budget("01", 2045, [line("6064", "D", CredOuv="2.00")]), "2045-04-01"), sealed="2045-04-02T10:00:00"
        ),
        "corrigee.xml": document(
            dated(budget("02", 2045, [line("6064", "D", MtPrev="6.00")], number="2"), "2045-09-01"),
            sealed="2045-09-02T10:00:00",
        ),
        "corrigee_apres.xml": document(
            dated(budget("02", 2045, [line("6064", "D", MtPrev="8.00")], number="2"), "2045-09-01"),
            sealed="2045-09-03T10:00:00",
        ),
    },
    # 2047: an annexe that shares the SIRET of its principal, which gives its own totals and those of the annexe
    2047: {
        "principal.xml": document(
            with_totals(
                whole(2047, "1.00", "21000000600019", kind="P"),
                total(PRINCIPAL_SIRET, "F", "D", "1.00", CodTypBudAgreg="01", CodBudAnnex="00", LibBudAnnex="Essai P"),
                total(PRINCIPAL_SIRET, "F", "D", "4.00", CodBudAnnex="01", LibBudAnnex="Eau"),
            )
        ),
    },
    # 2048: accounts give the totals of the principal under the SIRETs of the annexes, which came, and those of an annexe under two
    # SIRETs, of which one came; the annexe's give those of the principal under its own SIRET alone
    2048: {
        "principal.xml": document(
            with_totals(
                whole(2048, "1.00", PRINCIPAL_SIRET, kind="P"),
                *(total(siret, "F", "D", "1.00", **THE_PRINCIPAL) for siret in (SIRET_ANNEXE, THIRD_ANNEXE)),
                total(SIRET_ANNEXE, "F", "D", "4.00", CodBudAnnex="01", LibBudAnnex="Eau"),
                total(THIRD_ANNEXE, "F", "D", "5.00", CodBudAnnex="02", LibBudAnnex="Assainissement"),
                total(LOST_ANNEXE, "F", "D", "5.00", CodBudAnnex="02", LibBudAnnex="ASSAINISSEMENT"),
            )
        ),
        "eau.xml": document(
            with_totals(
                whole(2048, "4.00", SIRET_ANNEXE),
                total(SIRET_ANNEXE, "F", "D", "1.00", **THE_PRINCIPAL),
                total(SIRET_ANNEXE, "F", "D", "4.00", CodBudAnnex="01", LibBudAnnex="Eau"),
            )
        ),
        "assainissement.xml": document(whole(2048, "5.00", THIRD_ANNEXE)),
    },
    # 2050: an annexe misnames its principal, whose accounts came; accounts without a type do, and may be the principal's own
    2050: {
        "principal.xml": document(whole(2050, "1.00", PRINCIPAL_SIRET, kind="P")),
        "annexe.xml": document(
            whole(2050, "4.00", SIRET_ANNEXE).replace(ANNEXE_TYPE, f'{ANNEXE_TYPE}<IdEtabPal V="{SHORT}"/>')
        ),
    },
    2051: {
        "principal.xml": document(whole(2051, "1.00", PRINCIPAL_SIRET, kind="P")),
        "sans_type.xml": document(
            whole(2051, "4.00", SIRET_ANNEXE).replace(ANNEXE_TYPE, f'<IdEtabPal V="{SIRET_ANNEXE[:-1]}"/>')
        ),
    },
    # 2052: two annexes name the principal, of which nothing came: one by a SIRET that lacks a digit
    2052: {
        "un.xml": document(
            whole(2052, "4.00", SIRET_ANNEXE).replace(ANNEXE_TYPE, f'{ANNEXE_TYPE}<IdEtabPal V="{SHORT}"/>')
        ),
        "deux.xml": document(
            whole(2052, "5.00", THIRD_ANNEXE).replace(ANNEXE_TYPE, f'{ANNEXE_TYPE}<IdEtabPal V="{PRINCIPAL_SIRET}"/>')
        ),
    },
    # 2053: loans of which nothing is said, beside one that is listed, and alone; a total of which nothing is said
    2053: {
        "ca.xml": document(
            with_totals(
                whole(
                    2053,
                    "10.00",
                    PRINCIPAL_SIRET,
                    kind="P",
                    loans=["<EMPRUNT/>", loan(MtCapitalRestDu_31_12="70.00"), loan("", MtEmprOrig=" ")],
                ),
                "<CONSOLIDATION/>",
            )
        ),
        "annexe.xml": document(whole(2053, "4.00", SIRET_ANNEXE, loans=["<EMPRUNT></EMPRUNT>"])),
    },
    # 2054: nothing came of an annexe of the year before, which the principal names
    2054: {
        "ca.xml": document(
            with_totals(whole(2054, "1.00", PRINCIPAL_SIRET, kind="P"), total(SIRET_ANNEXE, "F", "D", "4.00"))
        ),
    },
    # 2055: accounts came twice under one seal, and spend another amount; those of an annexe came twice as they are, those of another
    # three times without the date of the seal; a decision without a number came twice under one seal
    2055: {
        "ca.xml": document(whole(2055, "10.00", PRINCIPAL_SIRET, kind="P")),
        "ca_encore.xml": document(whole(2055, "11.00", PRINCIPAL_SIRET, kind="P")),
        "avant.xml": document(whole(2055, "12.00", PRINCIPAL_SIRET, kind="P"), sealed="2019-12-31T10:00:00"),
        "annexe.xml": document(whole(2055, "4.00", SIRET_ANNEXE)),
        "annexe_encore.xml": document(whole(2055, "4.00", SIRET_ANNEXE)),
        **{
            f"sans_date_{amount}.xml": document(whole(2055, f"{amount}.00", THIRD_ANNEXE)).replace(
                b' date="2020-01-01T10:00:00"', b""
            )
            for amount in (1, 2, 3)
        },
        "dm.xml": document(budget("02", 2055, [line("6064", "D", MtPrev="5.00")], nomenclature="M57-M57_D")),
        "dm_encore.xml": document(budget("02", 2055, [line("6064", "D", MtPrev="6.00")], nomenclature="M57-M57_D")),
    },
    # 2042: operations for others: their number is in an element, after the account, or after that of the vote
    2042: {
        "ca.xml": document(
            whole(
                2042,
                "10.00",
                PRINCIPAL_SIRET,
                line("45411", "D", MtReal="1.00", CredOuv="1.00").replace("<OpBudg", '<OpeCpteTiers V="7"/><OpBudg'),
                line("4581001", "D", MtReal="2.00", CredOuv="2.00"),
                line("4582", "R", MtReal="3.00", CredOuv="3.00").replace("<CodRD", '<ContNat V="4582002"/><CodRD'),
                line("2188", "D", MtReal="4.00", CredOuv="4.00").replace("<CodRD", '<ContNat V="21880"/><CodRD'),
                kind="P",
            )
        ),
    },
    # 2049: nothing came of the principal, nor of an annexe named under two SIRETs: each is one budget
    2049: {
        "eau.xml": document(
            with_totals(
                whole(2049, "4.00", SIRET_ANNEXE),
                *(total(siret, "F", "D", "1.00", **THE_PRINCIPAL) for siret in (SIRET_ANNEXE, THIRD_ANNEXE)),
                total(SIRET_ANNEXE, "F", "D", "4.00", CodBudAnnex="01", LibBudAnnex="Eau"),
                *(
                    total(siret, "F", "D", "5.00", CodBudAnnex="02", LibBudAnnex="Assainissement")
                    for siret in (THIRD_ANNEXE, LOST_ANNEXE)
                ),
            )
        ),
    },
}


@pytest.fixture(scope="module")
def warehouse(compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The documents in one warehouse, with finance models and figures built."""
    organisation = Organisation(
        nom="Essai",
        sigle="E",
        siren="210000006",
        exercices={"premier": 2010, "dernier": 2055},
        systemes=["budget"],
    )
    voted = hashlib.sha256(DOCUMENTS[2021]["vote.xml"]).hexdigest()
    counted = [("FIN-PROJET", f"{voted}#1")]
    with built_of(DOCUMENTS, compiled, tmp_path_factory.mktemp("cas"), organisation, counted) as db:
        yield db


@pytest.fixture(scope="module")
def found(warehouse) -> list[Finding]:
    """What the build finds."""
    return found_in(warehouse)


def of(found: list[Finding], code: str, year: int) -> list[Finding]:
    return [one for one in found if (one.code, one.exercice) == (code, year)]


def unequal(db, controle: str, year: int) -> list[tuple]:
    return rows(
        db,
        "select objet, section, sens_budgetaire, attendu_eur, constate_eur from rapport.rpt_finances__rapprochements "
        "where controle = ? and exercice = ? and not est_egal order by all",
        controle,
        year,
    )


def figures(db, year: int) -> dict[str, tuple]:
    return {
        code: (value, missing)
        for code, value, missing in rows(
            db,
            "select code, valeur, code_manquant from rapport.chiffres where exercice = ? and code like 'finances.%'",
            year,
        )
    }


# keys that data cannot repeat ------------------------------------------------------------------------------------------


def test_two_totals_of_one_thing_are_two_controls_that_name_file_and_block(warehouse, found) -> None:
    controls = rows(
        warehouse,
        "select count(*), count(distinct rapprochement_id) from rapport.rpt_finances__rapprochements "
        "where controle = 'FIN-CONSOLIDATION' and exercice = 2016 and objet = 'réalisé'",
    )
    assert controls == [(2, 2)]
    (finding,) = of(found, "FIN-CONSOLIDATION", 2016)
    assert load_catalogue().rules["FIN-CONSOLIDATION"].a_decider
    assert (finding.fichier, finding.recu, finding.attendu) == ("ca.xml", "900,00\u00a0€", "4,00\u00a0€")
    assert "élément CONSOLIDATION" in finding.message
    assert finding.severity == "alerte"
    assert finding.ligne


# what is absent --------------------------------------------------------------------------------------------------------


def test_a_budget_that_the_accounts_name_and_that_is_not_there(warehouse, found) -> None:
    assert unequal(warehouse, "FIN-ANNEXE-ABSENTE", 2017) == [
        (f"budget {LOST_ANNEXE} (Régie)", "fonctionnement", "dépense", *euros("30.00", "0")),
        (f"budget {LOST_ANNEXE} (Régie)", "fonctionnement", "recette", *euros("40.00", "0")),
    ]
    (one,) = of(found, "FIN-ANNEXE-ABSENTE", 2017)  # a decision covers it all
    assert (one.fichier, one.recu, one.cle, one.ecart) == (
        ("principal.xml", "aucun compte", f"comptes, budget {LOST_ANNEXE}", "-30")
    )
    assert one.attendu.replace("\u00a0", " ") == (
        f"comptes, budget {LOST_ANNEXE} (Régie) : 30,00 € de dépenses de fonctionnement, 40,00 € de recettes de fonctionnement, "
        "selon les comptes d’un autre budget"
    )


def test_what_rests_on_accounts_that_others_show_to_be_absent_is_missing(warehouse, found) -> None:
    figures = states(warehouse, 2017)
    assert figures[PRINCIPAL] == (Decimal("1.00"), "complet")
    assert figures[ANNEXES] == (None, "manquant")
    assert figures["finances.dette.encours"] == (None, "manquant")
    reason = "document attendu, et non reçu ou non compté"
    absent = [(f"comptes, budget {LOST_ANNEXE}", reason), (f"comptes, budget {THIRD_ANNEXE} 0A", reason)]
    assert lacking(warehouse, 2017, ANNEXES) == absent
    assert of(found, "FIN-ATTENDU", 2017) == []  # its own findings say it
    assert states(warehouse, 2035)[ANNEXES] == (None, "manquant")


def test_one_of_two_budgets_of_one_siret_that_the_accounts_name_is_not_there(warehouse, found) -> None:
    (finding,) = of(found, "FIN-ANNEXE-ABSENTE", 2043)
    assert finding.attendu == f"comptes, budget {SIRET_ANNEXE} (2 budgets nommés, 1 connu)"
    figures = states(warehouse, 2043)
    assert figures[PRINCIPAL] == (Decimal("1.00"), "complet")
    assert figures[ANNEXES] == (None, "manquant")
    assert figures["finances.dette.encours"] == (None, "manquant")


def test_an_annexe_that_shares_the_siret_of_its_principal_is_expected_too(warehouse, found) -> None:
    (finding,) = of(found, "FIN-ANNEXE-ABSENTE", 2047)
    assert finding.attendu == f"comptes, budget {PRINCIPAL_SIRET} (2 budgets nommés, 1 connu)"
    assert unequal(warehouse, "FIN-CONSOLIDATION", 2047) == []
    assert states(warehouse, 2047)[ANNEXES] == (None, "manquant")


def test_totals_under_the_sirets_of_others_name_no_budget_whose_accounts_came(warehouse, found) -> None:
    assert of(found, "FIN-ANNEXE-ABSENTE", 2048) == []
    assert of(found, "FIN-CONSOLIDATION", 2048) == []
    figures = states(warehouse, 2048)
    assert figures[PRINCIPAL] == (Decimal("1.00"), "complet")
    assert figures[ANNEXES] == (Decimal("9.00"), "complet")
    assert figures["finances.dette.encours"] == (Decimal(0), "complet")


def test_totals_under_several_sirets_name_one_budget_when_no_accounts_came(warehouse, found) -> None:
    absent = {f"comptes, budget {SIRET_ANNEXE} (2 budgets nommés, 1 connu)", f"comptes, budget {LOST_ANNEXE}"}
    assert {piece for piece, _ in lacking(warehouse, 2049, "finances.dette.encours")} == absent


def test_a_principal_whose_accounts_came_is_not_missing_because_an_annexe_misnames_it(warehouse, found) -> None:
    figures = states(warehouse, 2050)
    assert figures[PRINCIPAL] == (Decimal("1.00"), "complet")
    assert figures[ANNEXES] == (Decimal("4.00"), "complet")
    assert figures["finances.dette.encours"] == (Decimal(0), "complet")
    assert of(found, "FIN-ANNEXE-ABSENTE", 2050) == []


def test_a_misshapen_siret_of_the_principal_does_not_make_an_annexe_of_a_budget(warehouse, found) -> None:
    assert [one.recu for one in of(found, "FIN-NON-DIT", 2051)] == ["ni type de budget (principal ou annexe)"]
    assert states(warehouse, 2051)[ANNEXES] == (None, "manquant")


def test_annexes_that_name_their_principal_in_two_ways_lack_one_budget(warehouse, found) -> None:
    (one,) = of(found, "FIN-ANNEXE-ABSENTE", 2052)
    assert one.attendu == f"comptes, budget {PRINCIPAL_SIRET}"
    assert states(warehouse, 2052)[PRINCIPAL] == (None, "manquant")


def test_a_document_that_another_budget_or_decision_replaces_is_reported(found) -> None:
    told = {(one.fichier, one.recu) for one in of(found, "FIN-REMPLACE", 2045)}
    assert told == {
        ("eau.xml", "Assainissement le remplace : egouts.xml:3"),
        ("dm.xml", "celui du 01/09/2045 le remplace : dm_bis.xml:3"),
    }


def test_what_the_budgets_are_together_is_missing_where_one_of_them_is(warehouse) -> None:
    together = (
        "select distinct principal_eur is null, annexes_eur is null, consolide_eur is null, code_manquant "
        "from rapport.rpt_finances__consolidation where exercice = ?"
    )
    assert rows(warehouse, together, 2043) == [(False, True, True, "m")]
    assert rows(warehouse, together, 2017) == [(False, True, True, "m")]
    assert rows(warehouse, together, 2029) == [(False, False, False, None)]


def test_a_budget_that_was_voted_and_has_no_accounts(warehouse, found) -> None:
    assert unequal(warehouse, "FIN-COMPTE-ABSENT", 2017) == [
        ("comptes du budget 0A (Essai A)", None, "dépense", *euros("55.00", "0"))
    ]
    (one,) = of(found, "FIN-COMPTE-ABSENT", 2017)
    assert (one.ecart, one.cle) == ("-55", f"comptes, budget {THIRD_ANNEXE} 0A")
    assert (
        one.attendu.replace("\u00a0", " ")
        == f"comptes, budget {THIRD_ANNEXE} 0A (Essai A) : 55,00 € de crédits votés ou virés"
    )
    assert unequal(warehouse, "FIN-COMPTE-ABSENT", 2018) == []


def test_a_decision_that_nets_to_nothing_says_what_it_moved_where_accounts_are_absent(warehouse, found) -> None:
    assert unequal(warehouse, "FIN-COMPTE-ABSENT", 2035) == [
        ("comptes du budget 0A (Essai A)", None, "dépense", *euros("6.00", "0"))
    ]
    assert [(one.recu, one.ecart) for one in of(found, "FIN-COMPTE-ABSENT", 2035)] == [("aucun compte", "-6")]


def test_an_absent_budget_is_one_finding_whose_key_is_the_lacking_piece(warehouse, found) -> None:
    absent = [one for one in found if one.code in ("FIN-ANNEXE-ABSENTE", "FIN-COMPTE-ABSENT", "FIN-ATTENDU")]
    pieces = rows(
        warehouse,
        "select exercice, piece from intermediate.int_finances__pieces where source = 'budget/documents' "
        "and est_attendue and not est_recue order by all",
    )
    assert sorted((one.exercice, one.cle) for one in absent) == pieces
    assert {one.code for one in absent} == {"FIN-ANNEXE-ABSENTE", "FIN-COMPTE-ABSENT"}
    told = {(one.exercice, one.cle.split()[2]) for one in absent}  # each under its SIRET
    assert not told & {(one.exercice, one.cle.split()[0]) for one in found if one.code == "FIN-DISPARU"}


def test_a_decision_that_is_lost_shows_in_the_credits_of_the_accounts(warehouse) -> None:
    assert unequal(warehouse, "FIN-CREDITS", 2018) == [
        ("crédits ouverts selon les comptes, budget 0P", "fonctionnement", "dépense", *euros("10.00", "15.00"))
    ]


def test_a_decision_that_moves_credits_between_chapters_shows_when_it_is_lost(warehouse, found) -> None:
    assert unequal(warehouse, "FIN-CREDITS", 2031) == [
        ("crédits ouverts selon les comptes, budget 0P", "fonctionnement", "dépense", *amounts)
        for amounts in (euros("7.00", "12.00"), euros("11.00", "6.00"))
    ]
    assert [
        (one.message.rpartition("chapitre ")[2], one.ecart, one.fichier) for one in of(found, "FIN-CREDITS", 2031)
    ] == [
        ("011", "-5", "ca.xml"),
        ("012", "5", "ca.xml"),
    ]


def test_accounts_without_totals_of_their_own_are_reported_and_more_so_where_they_had_them(warehouse, found) -> None:
    assert not [one for one in of(found, "FIN-SANS-TOTAUX", 2031) if one.fichier == "ca.xml"]
    told = {one.fichier: one for one in of(found, "FIN-SANS-TOTAUX", 2032)}
    assert {name: one.severity for name, one in told.items()} == {"ca.xml": "alerte", "annexe.xml": "information"}
    assert told["ca.xml"].attendu.endswith("comme en 2031")


def test_an_amount_that_is_there_and_empty_is_unreadable_and_not_0(warehouse, found) -> None:
    (one,) = of(found, "FIN-ILLISIBLE", 2031)
    assert (one.fichier, one.severity) == ("annexe.xml", "bloquant")
    assert "MtReal" in one.recu
    assert states(warehouse, 2031)[ANNEXES] == (None, "manquant")


def test_the_debt_is_missing_where_its_annexe_is_and_something_moved(warehouse, found) -> None:
    origins = rows(
        warehouse,
        "select fichier, encours_dette_eur, origine_dette from marts.fct_documents_budgetaires where exercice in (2019, 2020) "
        "order by exercice, fichier",
    )
    absent, none = (
        "annexe de la dette absente malgré des mouvements de dette",
        "ni emprunt à l’annexe, ni mouvement de dette",
    )
    assert origins == [
        ("ca.xml", None, absent),
        ("interets.xml", None, absent),
        ("muet.xml", None, "annexe de la dette dont un emprunt ne dit pas son capital"),
        ("sans.xml", Decimal(0), none),
        ("annexe.xml", Decimal("70.00"), "annexe de la dette"),
        ("ca.xml", Decimal(0), none),
    ]
    value, missing = figures(warehouse, 2019)["finances.dette.encours"]
    assert value is None
    assert missing is not None
    assert figures(warehouse, 2020)["finances.dette.encours"] == (Decimal("70.00"), None)
    debts = (
        "select libelle_budget, encours_cloture_eur, annuite_eur from rapport.rpt_finances__dette where exercice = 2019"
    )
    assert sorted(rows(warehouse, f"{debts} and encours_cloture_eur is not null")) == [
        ("Essai A", Decimal(0), Decimal(0))
    ]
    marks = "select encours_cloture_eur is null, code_manquant, count(*) from rapport.rpt_finances__dette group by all order by all"
    assert [(unknown, mark) for unknown, mark, _ in rows(warehouse, marks)] == [(False, None), (True, "m")]
    assert {(one.fichier, one.ecart) for one in of(found, "FIN-DETTE", 2019)} == {
        ("ca.xml", "500"),
        ("muet.xml", "7"),
        ("interets.xml", "20"),
    }
    assert of(found, "FIN-DETTE", 2020) == []


def test_loans_that_the_annexe_leaves_out_show_in_what_the_accounts_repaid(found) -> None:
    (finding,) = of(found, "FIN-EMPRUNTS", 2020)
    assert (finding.fichier, finding.ecart) == ("annexe.xml", "-45")
    assert load_catalogue().rules["FIN-EMPRUNTS"].a_decider


# a document is all or nothing -----------------------------------------------------------------------------------------

PRINCIPAL, ANNEXES = (f"finances.{kind}.fonctionnement.depenses_realisees" for kind in ("principal", "annexe"))


def set_aside(db, year: int) -> list[tuple]:
    query = "select fichier, motif from marts.fct_documents_ecartes where exercice = ? order by all"
    return [
        (fichier, "illisible" if motif == "document dont une ligne est illisible" else motif)
        for fichier, motif in rows(db, query, year)
    ]


def states(db, year: int) -> dict[str, tuple]:
    query = f"select code, valeur, {STATE} from rapport.chiffres where exercice = ? and code like 'finances.%'"
    return {code: (value, state) for code, value, state in rows(db, query, year)}


def test_one_unreadable_line_takes_the_whole_document_out_and_nothing_else(warehouse, found) -> None:
    assert set_aside(warehouse, 2012) == [("bp.xml", "illisible"), ("ca.xml", "illisible")]
    kept = rows(warehouse, "select distinct fichier from marts.fct_lignes_documents where exercice = 2012")
    assert kept == [("annexe.xml",)]
    figures = states(warehouse, 2012)
    assert figures[PRINCIPAL] == (None, "manquant")
    assert figures[ANNEXES] == (Decimal("4.00"), "complet")  # its budget is no part of what it spent
    assert figures["finances.dette.encours"] == (None, "manquant")
    lacking = rows(
        warehouse,
        "select distinct nature, piece, motif from calculs.chiffres__pieces where code = ? and exercice = 2012 "
        "and est_requise and not est_couverte",
        PRINCIPAL,
    )
    assert lacking == [("document", "comptes, budget 21000000600019 0P", "document dont une ligne est illisible")]
    ca, bp = sorted(of(found, "FIN-ILLISIBLE", 2012), key=lambda one: one.fichier, reverse=True)
    assert (ca.fichier, ca.ligne, ca.recu.replace("\u00a0", " ")) == (
        ("ca.xml", 5, "2 lignes refusées, dont la ligne 5 (lignes, CodRD, MtReal, LIG-MOTIF)")
    )
    assert (bp.fichier, bp.ligne) == ("bp.xml", 4)
    assert {one.severity for one in (ca, bp)} == {"bloquant"}  # a run ends with 1, and its summary names the file
    assert load_catalogue().rules["FIN-ILLISIBLE"].a_decider
    assert not load_catalogue().rules["FIN-ILLISIBLE"].fait_compter


def test_one_unreadable_annexe_leaves_the_principal_whole_and_no_total_of_the_others(warehouse) -> None:
    assert set_aside(warehouse, 2013) == [
        ("trois.xml", "illisible"),
        ("trois_avant.xml", "document remplacé par une version plus récente"),  # what it became is not known
    ]
    figures = states(warehouse, 2013)
    assert figures[PRINCIPAL] == (Decimal("10.00"), "complet")
    assert figures[ANNEXES] == (None, "manquant")
    assert figures["finances.dette.encours"] == (None, "manquant")


def test_a_delivery_is_not_refused_for_one_of_its_documents(tmp_path) -> None:
    home, catalogue = Home(tmp_path), load_catalogue()
    for name, content in DOCUMENTS[2014].items():
        path = home.landing / "2014" / "budget" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    organisation = Organisation(
        nom="Essai", sigle="E", siren="210000006", exercices={"premier": 2014, "dernier": 2014}, systemes=["budget"]
    )
    with open_ledger(home) as ledger:
        ref = catalogue.registry.export_of("budget/documents")
        outcome = collect(Workspace(home, ledger, catalogue, organisation), ref, 2014)
    assert outcome.status == "accepted"
    assert {name: (counts.acceptees, counts.refusees) for name, counts in outcome.manifest.tables.items()} == {
        "documents": (1, 1),
        "lignes": (2, 9),
        "emprunts": (0, 0),
        "consolidations": (0, 0),
    }


GOOD = document(accounts(2014, "10.00", "21000000600019", kind="P"))
TWICE = document(accounts(2014, "1.00", SIRET_ANNEXE), accounts(2014, "2.00", LOST_ANNEXE))


@pytest.mark.parametrize(
    ("bad", "documents", "lines"),
    [
        (TWICE[:-60], (3, 0), (1, 2)),  # both headings are known, and both documents lost
        (TWICE[: TWICE.rindex(b"<BlocBudget>")], (2, 1), (1, 1)),
        (TWICE.replace(b"<LigneBudget>", b"<LigneBudget>" + TWICE[:9], 1), (2, 0), (1, 1)),
        (TWICE.replace(b'<MtReal V="1.00"/>', b'<MtReal V="1.00"/><MtReal V="3.00"/>'), (3, 0), (1, 2)),
        (TWICE.replace(b"\n", b"\n<!DOCTYPE x>\n", 1), (1, 1), (1, 0)),
        (b"", (1, 1), (1, 0)),
        (b"PK\x03\x04", (1, 1), (1, 0)),
        (b"<autre/>", (1, 1), (1, 0)),
    ],
)
def test_a_file_that_is_no_sound_document_is_refused_alone(tmp_path, bad: bytes, documents, lines) -> None:
    for name, content in {"a.xml": GOOD, "b.xml": bad}.items():
        (tmp_path / name).write_bytes(content)
    ref = load_catalogue().registry.export_of("budget/documents")
    paths = [tmp_path / "a.xml", tmp_path / "b.xml"]
    manifest = ingest(Home(tmp_path / "home"), ref, 2014, paths, b"k" * 32)
    counts = {name: (one.acceptees, one.refusees) for name, one in manifest.tables.items()}
    assert (counts["documents"], counts["lignes"]) == (documents, lines)
    with pytest.raises(DeliveryRefused):  # nothing is left of it
        ingest(Home(tmp_path / "home"), ref, 2014, paths[1:], b"k" * 32)


def test_a_delivery_of_another_year_is_refused_and_one_document_of_it_is_not(tmp_path) -> None:
    (tmp_path / "a.xml").write_bytes(GOOD)
    (tmp_path / "b.xml").write_bytes(document(accounts(2013, "1.00", SIRET_ANNEXE)))
    ref = load_catalogue().registry.export_of("budget/documents")
    home = Home(tmp_path / "home")
    assert (
        ingest(home, ref, 2014, [tmp_path / "a.xml", tmp_path / "b.xml"], b"k" * 32).tables["documents"].acceptees == 2
    )
    with pytest.raises(DeliveryRefused, match="FIC-EXERCICE"):
        ingest(home, ref, 2014, [tmp_path / "b.xml"], b"k" * 32)


def test_a_document_that_was_accepted_for_its_own_year_refuses_no_delivery_of_another(tmp_path) -> None:
    home, catalogue = Home(tmp_path), load_catalogue()
    former = document(accounts(2013, "1.00", SIRET_ANNEXE))
    for year, name, content in ((2013, "a.xml", former), (2014, "a.xml", former), (2014, "b.xml", GOOD)):
        path = home.landing / str(year) / "budget" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    organisation = Organisation(
        nom="Essai", sigle="E", siren="210000006", exercices={"premier": 2013, "dernier": 2014}, systemes=["budget"]
    )
    with open_ledger(home) as ledger:
        work, ref = Workspace(home, ledger, catalogue, organisation), catalogue.registry.export_of("budget/documents")
        assert [collect(work, ref, year).status for year in (2013, 2014)] == ["accepted", "accepted"]


def test_a_heading_that_cannot_be_read_is_known_by_its_lines(warehouse, found) -> None:
    assert set_aside(warehouse, 2014) == [("annexe.xml", "illisible")]
    figures = states(warehouse, 2014)
    assert figures[PRINCIPAL] == (Decimal("10.00"), "complet")
    assert figures[ANNEXES] == (None, "manquant")
    (finding,) = of(found, "FIN-ILLISIBLE", 2014)
    assert (finding.fichier, finding.ligne) == ("annexe.xml", 3)
    assert "IdEtab" in finding.recu


def test_a_document_of_which_nothing_is_left_may_be_of_any_budget(warehouse, found) -> None:
    assert set_aside(warehouse, 2015) == [("vide.xml", "illisible")]
    figures = states(warehouse, 2015)
    assert figures[PRINCIPAL] == (None, "manquant")
    assert figures[ANNEXES] == (None, "manquant")
    assert [one.fichier for one in of(found, "FIN-ILLISIBLE", 2015)] == ["vide.xml"]


def test_a_document_that_is_no_sound_xml_is_lost_alone(warehouse, found) -> None:
    assert set_aside(warehouse, 2010) == [("coupe.xml", "illisible")]
    figures = states(warehouse, 2010)
    assert figures[PRINCIPAL] == (Decimal("10.00"), "complet")
    assert figures[ANNEXES] == (None, "manquant")
    (finding,) = of(found, "FIN-ILLISIBLE", 2010)
    assert (finding.fichier, "LIG-DOCUMENT" in finding.recu) == ("coupe.xml", True)
    assert states(warehouse, 2011)[PRINCIPAL] == (Decimal("10.00"), "complet")  # its budget alone is lost


def test_a_document_of_another_year_is_lost_alone(warehouse, found) -> None:
    year_before = "document d’un autre exercice"
    assert [one for one in set_aside(warehouse, 2011) if one[1] == year_before] == [
        ("annexe_avant.xml", year_before),
        ("ca_avant.xml", year_before),
    ]
    figures = states(warehouse, 2011)
    assert figures[PRINCIPAL] == (Decimal("10.00"), "complet")  # the document of the year is in its place
    assert figures[ANNEXES] == (None, "manquant")
    assert [(one.fichier, one.recu) for one in of(found, "FIN-EXERCICE", 2011)] == [
        ("annexe_avant.xml", "un document de l’exercice 2010"),
        ("ca_avant.xml", "un document de l’exercice 2010"),
    ]
    assert load_catalogue().rules["FIN-EXERCICE"].a_decider


# what a document does not say ------------------------------------------------------------------------------------------


def lacking(db, year: int, code: str) -> list[tuple]:
    query = "select distinct piece, motif from calculs.chiffres__pieces where exercice = ? and code = ? "
    return rows(db, query + "and est_requise and not est_couverte order by all", year, code)


def test_accounts_that_do_not_say_of_which_budget_they_are_are_in_no_whole_total(warehouse) -> None:
    types = rows(
        warehouse,
        "select fichier, type_budget from marts.fct_documents_budgetaires where exercice = 2026 order by all",
    )
    assert types == [
        ("annexe.xml", "annexe"),
        ("ca.xml", "principal"),
        ("du_principal.xml", "annexe"),
        ("sans_type.xml", None),
    ]
    assert states(warehouse, 2026)[ANNEXES] == (None, "manquant")
    assert lacking(warehouse, 2026, ANNEXES) == [
        (f"comptes, budget {LOST_ANNEXE} 0A", "« type budget » n’y figure pas")
    ]


def test_amounts_that_no_line_of_a_document_gives_are_unknown_and_not_0(warehouse, found) -> None:
    assert [(one.recu, one.cle) for one in of(found, "FIN-NON-DIT", 2027)] == [
        ("ni crédits ouverts en fonctionnement", f"comptes, budget {PRINCIPAL_SIRET} 0P"),
        ("ni montants réalisés en fonctionnement", f"comptes, budget {SIRET_ANNEXE} 0A"),
    ]
    assert [one.recu for one in of(found, "FIN-NON-DIT", 2026)] == ["ni type de budget (principal ou annexe)"]
    figures = states(warehouse, 2027)
    assert figures[PRINCIPAL] == (Decimal("3.00"), "complet")
    assert figures["finances.principal.fonctionnement.credits_depenses"] == (None, "manquant")
    assert figures[ANNEXES] == (None, "manquant")
    assert lacking(warehouse, 2027, ANNEXES) == [
        (f"comptes, budget {SIRET_ANNEXE} 0A", "« réalisé en fonctionnement » n’y figure pas")
    ]
    done = "select libelle_budget, realise_eur from rapport.rpt_finances__sections where exercice = ? order by all"
    assert rows(warehouse, done, 2027) == [("Essai A", None), ("Essai P", Decimal("3.00"))]
    together = (
        "select principal_eur, annexes_eur, consolide_eur from rapport.rpt_finances__consolidation where exercice = ?"
    )
    assert rows(warehouse, together, 2027) == [(Decimal("3.00"), None, None)]
    assert rows(warehouse, together, 2028)[0][0] is not None
    assert (
        rows(warehouse, together + " and code_chapitre_canonique = '16'", 2028)[0][1] == 0
    )  # a chapter that no annexe uses


def test_an_element_that_says_nothing_is_no_loan_and_is_counted_and_told(warehouse, found, tmp_path) -> None:
    assert states(warehouse, 2053)["finances.dette.encours"] == (Decimal("70.00"), "complet")
    assert of(found, "FIN-DETTE", 2053) == []
    for name, content in DOCUMENTS[2053].items():
        (tmp_path / name).write_bytes(content)
    ref = load_catalogue().registry.export_of("budget/documents")
    manifest = ingest(Home(tmp_path / "home"), ref, 2053, [tmp_path / name for name in DOCUMENTS[2053]], b"k" * 32)
    told = {name: (one.lues, one.acceptees, one.refusees, one.ignorees) for name, one in manifest.tables.items()}
    assert told["emprunts"] == (4, 1, 0, 3)
    assert told["consolidations"] == (1, 0, 0, 1)


def test_a_loan_is_known_by_its_opening_and_is_of_the_debt_unless_its_state_says_another(warehouse, found) -> None:
    assert states(warehouse, 2028)["finances.dette.encours"] == (Decimal("109.00"), "complet")
    assert states(warehouse, 2029)["finances.dette.encours"] == (None, "manquant")
    assert [one.fichier for one in of(found, "FIN-DETTE", 2029)] == ["ca.xml"]


def test_a_loan_that_says_neither_what_is_left_nor_what_was_repaid_leaves_the_debt_unknown(warehouse, found) -> None:
    assert states(warehouse, 2033)["finances.dette.encours"] == (None, "manquant")
    origins = (
        "select fichier, encours_dette_eur, origine_dette from marts.fct_documents_budgetaires where exercice = 2033"
    )
    assert sorted(rows(warehouse, origins)) == [
        ("annexe.xml", None, "annexe de la dette dont un emprunt ne dit pas son état"),
        ("ca.xml", None, "annexe de la dette dont un emprunt ne dit pas son capital"),
        ("solde.xml", Decimal(0), "annexe de la dette"),
    ]
    left = "select capital_restant_du_cloture_eur from marts.fct_emprunts where exercice = 2033 order by all"
    assert rows(warehouse, left) == [(Decimal(0),), (None,)]
    assert sorted(one.fichier for one in of(found, "FIN-DETTE", 2033)) == ["annexe.xml", "ca.xml"]


def test_a_loan_that_was_drawn_and_does_not_say_what_is_due_leaves_the_debt_unknown(warehouse, found) -> None:
    assert states(warehouse, 2037)["finances.dette.encours"] == (None, "manquant")
    assert sorted(one.fichier for one in of(found, "FIN-DETTE", 2037)) == ["annexe.xml", "preteurs.xml"]
    debts = "select encours_dette_eur from marts.fct_documents_budgetaires where exercice = 2037 and fichier = 'un.xml'"
    assert rows(warehouse, debts) == [(Decimal("8.00"),)]


def test_an_annexe_of_the_debt_that_the_accounts_or_the_year_before_contradict(found) -> None:
    told = sorted((one.fichier, one.cle, one.ecart) for one in of(found, "FIN-EMPRUNTS", 2037))
    assert told == [("ca.xml", "interets", "-15"), ("ca.xml", "ouverture", "40")]  # no debt was known a year before
    assert sorted((one.cle, one.ecart) for one in of(found, "FIN-EMPRUNTS", 2038)) == [
        ("cloture", "-2"),
        ("ouverture", "-10"),
    ]


def test_a_side_of_a_section_that_says_nothing_of_what_was_done_is_unknown_and_not_0(warehouse, found) -> None:
    figures = states(warehouse, 2039)
    assert figures["finances.principal.fonctionnement.recettes_realisees"] == (None, "manquant")
    assert figures["finances.principal.fonctionnement.resultat"] == (None, "manquant")
    assert figures["finances.principal.investissement.depenses_realisees"] == (Decimal("10.00"), "complet")
    assert figures[ANNEXES] == (Decimal("9.00"), "complet")  # only estimates, or 0 by the document's own totals
    assert [(one.recu, one.cle) for one in of(found, "FIN-NON-DIT", 2039)] == [
        ("ni montants réalisés en fonctionnement", f"comptes, budget {PRINCIPAL_SIRET} 0P")
    ]
    results = "select section from rapport.rpt_finances__resultats where exercice = 2039 and type_budget = 'principal'"
    assert rows(warehouse, results) == [("investissement",)]


def test_a_budget_that_documents_call_principal_here_and_annexe_there_is_in_no_whole_total(warehouse, found) -> None:
    figures = states(warehouse, 2040)
    assert figures[ANNEXES] == (None, "manquant")
    assert [one.cle for one in of(found, "FIN-NON-DIT", 2040)] == [f"comptes, budget {PRINCIPAL_SIRET} 0P"]
    for year in (2039, 2040, 2041):
        assert [one.cle for one in of(found, "FIN-TYPE", year)] == [f"{PRINCIPAL_SIRET} 0P"]
    assert of(found, "FIN-TYPE", 2038) == []


def test_what_is_left_on_a_side_that_says_nothing_of_it_is_unknown_where_the_totals_say_something(
    warehouse, found
) -> None:
    figures = states(warehouse, 2041)
    assert [figures[code] for code in RESTES] == [(None, "manquant")] * 3
    told = {one.fichier: one for one in of(found, "FIN-SANS-TOTAUX", 2041)}
    assert (told["annexe.xml"].severity, "dépenses d’investissement" in told["annexe.xml"].recu) == ("alerte", True)
    assert list(told) == ["annexe.xml"]


def test_a_total_of_a_side_that_has_no_line_is_not_equal(warehouse) -> None:
    assert unequal(warehouse, "FIN-CONSOLIDATION", 2041) == [
        ("réalisé", "fonctionnement", "recette", *euros("0", "50.00")),
    ]


RESTES = [f"finances.principal.investissement.{name}" for name in ("restes_depenses", "restes_recettes", "excedent")]


def test_what_no_line_says_is_left_to_do_is_unknown_unless_the_totals_say_that_nothing_is(warehouse, found) -> None:
    figures = states(warehouse, 2034)
    assert [figures[code] for code in RESTES] == [(None, "manquant")] * 3
    assert figures["finances.principal.investissement.depenses_realisees"] == (Decimal("10.00"), "complet")
    assert [one.recu for one in of(found, "FIN-NON-DIT", 2034)] == [
        "ni crédits ouverts en investissement, ni restes à réaliser"
    ]
    assert figures["finances.principal.investissement.budget"] == (None, "manquant")
    assert figures["finances.principal.fonctionnement.credits_depenses"] == (Decimal("10.00"), "complet")
    figures = states(warehouse, 2035)
    assert [figures[code] for code in RESTES] == [(Decimal(0), "complet")] * 3
    assert of(found, "FIN-NON-DIT", 2035) == []
    left = (
        "select section, sens_budgetaire, restes_a_realiser_eur from rapport.rpt_finances__sections where exercice = ? "
        "and type_budget = 'principal' order by all"
    )
    sides = [("fonctionnement", "dépense"), ("investissement", "dépense"), ("investissement", "recette")]
    assert rows(warehouse, left, 2034) == [
        (*side, amount) for side, amount in zip(sides, (Decimal(0), None, Decimal(0)), strict=True)
    ]
    assert rows(warehouse, left, 2035) == [(*side, Decimal(0)) for side in sides]
    need = "select excedent_financement_eur, besoin_financement_eur from rapport.rpt_finances__resultats "
    assert rows(warehouse, need + "where exercice = 2034 and section = 'investissement'") == [(None, None)]


def test_a_line_that_no_plan_places_lacks_to_the_figures_of_its_budget_alone(warehouse) -> None:
    figures = states(warehouse, 2036)
    assert figures[PRINCIPAL] == (Decimal("10.00"), "complet")
    assert figures[ANNEXES] == (Decimal("8.00"), "partiel")
    lost = "select piece, nb_perdues, montant_perdu_eur from controles.controles where exercice = 2036 and effet = 'manque'"
    assert rows(warehouse, lost) == [(f"comptes, budget {SIRET_ANNEXE} 0A", 1, Decimal("2.50"))]


def test_a_budget_that_is_gone_and_one_that_came_under_two_codes_are_findings(found) -> None:
    (gone,) = of(found, "FIN-DISPARU", 2029)
    assert gone.cle == f"{LOST_ANNEXE} 0A"
    assert of(found, "FIN-DISPARU", 2028) == []
    (twice,) = of(found, "FIN-PRINCIPAUX", 2030)
    assert twice.recu == f"2\u00a0comptes : ca.xml ({PRINCIPAL_SIRET} 0P), encore.xml ({PRINCIPAL_SIRET} )"
    assert of(found, "FIN-PRINCIPAUX", 2029) == []
    (annexe,) = of(found, "FIN-PRINCIPAUX", 2036)
    assert annexe.attendu == f"les comptes d’un seul budget annexe au SIRET {SIRET_ANNEXE}"
    assert annexe.recu == f"2\u00a0comptes : annexe.xml ({SIRET_ANNEXE} 0A), encore.xml ({SIRET_ANNEXE} A)"
    assert all(load_catalogue().rules[code].a_decider for code in ("FIN-DISPARU", "FIN-PRINCIPAUX"))


# drafts ----------------------------------------------------------------------------------------------------------------


def test_a_draft_is_held_until_a_decision_says_that_it_is_voted(warehouse, found) -> None:
    documents = rows(
        warehouse,
        "select document_id, poids, motif from intermediate.int_finances__documents where exercice = 2021 order by all",
    )
    assert documents == [
        ("2021/deux.xml#1", 0, "projet de budget, non voté"),
        ("2021/deux.xml#2", 1, "compté"),
        ("2021/projet.xml#1", 0, "compte déclaré projet, sans compte voté à sa place"),
        ("2021/vote.xml#1", 1, "compté"),
    ]
    spent = "select sum(realise_eur) from marts.fct_lignes_documents where exercice = 2021"
    assert rows(warehouse, spent) == [(Decimal("24.00"),)]
    drafts = of(found, "FIN-PROJET", 2021)
    assert sorted(one.recu.rpartition(", ")[2] for one in drafts) == ["compté par décision", *["tenu à l’écart"] * 2]
    assert len({one.id for one in drafts}) == 3
    lacking = rows(
        warehouse,
        "select motif, est_illisible from marts.fct_lignes_signalees where exercice = 2021 and source = 'budget/documents' "
        "order by all",
    )
    assert lacking == [
        ("compte déclaré projet, sans compte voté à sa place", False),  # its piece says what the figures lack
        ("projet de budget, non voté", False),
    ]
    figures = states(warehouse, 2021)
    assert figures[PRINCIPAL] == (None, "manquant")
    assert figures[ANNEXES] == (Decimal("24.00"), "complet")


# versions --------------------------------------------------------------------------------------------------------------


def test_decisions_without_a_number_all_count_in_the_order_of_their_dates(warehouse, found) -> None:
    steps = rows(
        warehouse,
        "select etape, credits_votes_eur, credits_cumules_eur from rapport.rpt_finances__evolution "
        "where exercice = 2022 and etape like 'décision%' order by rang",
    )
    assert steps == [
        ("décision modificative sans numéro (1)", *euros("5.00", "6.00")),
        ("décision modificative sans numéro (2)", *euros("7.00", "13.00")),
    ]
    (finding,) = of(found, "FIN-NUMERO", 2022)
    assert (
        finding.recu == "2\u00a0décisions sans numéro, dans cet ordre : b_encore.xml (30/06/2022), a.xml (30/11/2022)"
    )


def test_a_budget_has_one_compte_administratif_whatever_its_number(warehouse) -> None:
    spent = "select fichier from marts.fct_documents_budgetaires where exercice = 2022 and fichier like 'ca_%'"
    assert rows(warehouse, spent) == [("ca_2.xml",)]


def test_versions_that_their_seal_does_not_tell_apart_are_to_be_decided_unless_they_are_one_document(
    warehouse, found
) -> None:
    tied = "document que son sceau ne départage pas d’une autre version"
    assert set_aside(warehouse, 2055) == [
        ("annexe.xml", "document déposé deux fois"),
        ("avant.xml", "document remplacé par une version plus récente"),
        ("ca.xml", tied),
        ("dm.xml", tied),
        ("sans_date_1.xml", tied),
        ("sans_date_2.xml", tied),
    ]
    told = {one.fichier: one.recu for one in of(found, "FIN-EX-AEQUO", 2055)}
    assert told == {
        "ca_encore.xml": (
            "ca_encore.xml:3 compte, comme dernier fichier dans l’ordre des noms ; ca.xml:3, scellé au même moment, ne compte pas"
        ),
        "dm_encore.xml": (
            "dm_encore.xml:3 compte, comme dernier fichier dans l’ordre des noms ; dm.xml:3, scellé au même moment, ne compte pas"
        ),
        "sans_date_3.xml": (
            "sans_date_3.xml:3 compte, comme dernier fichier dans l’ordre des noms ; sans_date_1.xml:3, sans_date_2.xml:3, "
            "sans date de sceau non plus, ne comptent pas"
        ),
    }
    assert [one for one in found if one.code == "FIN-EX-AEQUO" and one.exercice != 2055] == []
    assert load_catalogue().rules["FIN-EX-AEQUO"].a_decider
    effects = "select distinct effet, piece from controles.controles where code_regle = 'FIN-EX-AEQUO' order by all"
    assert rows(warehouse, effects) == [
        ("réserve", f"comptes, budget {PRINCIPAL_SIRET} 0P"),
        ("réserve", f"comptes, budget {THIRD_ANNEXE} 0A"),
        ("réserve", f"décision modificative, budget {PRINCIPAL_SIRET} 0P"),
    ]
    pieces = rows(warehouse, "select distinct piece from intermediate.int_finances__pieces where exercice = 2055")
    assert {piece for _, piece in rows(warehouse, effects)} <= {piece for (piece,) in pieces}


def test_two_budgets_under_one_siret_each_take_up_their_own_results(warehouse) -> None:
    taken = "select fichier, reprise_resultats from rapport.rpt_finances__resultats as r inner join "
    taken += "marts.fct_documents_budgetaires using (document_id) where r.exercice = 2022 order by all"
    assert rows(warehouse, taken) == [
        ("bp.xml", "sans reprise au budget"),
        ("ca_2.xml", "reprise après le vote du compte administratif"),
    ]


# plans of accounts -----------------------------------------------------------------------------------------------------


def test_the_latest_plan_of_the_nomenclature_serves_and_says_so(warehouse, found) -> None:
    used = rows(
        warehouse,
        "select exercice, declinaison, declinaison_plan, exercice_plan from marts.fct_documents_budgetaires "
        "where exercice in (2018, 2023, 2025) and est_compte_administratif and type_budget is not null "
        "group by all order by all",
    )
    assert used == [
        (2018, "M14_COM_SUP3500", "M14_COM_SUP3500", 2018),
        (2023, "M43_A", "M43", 2023),
        (2023, "M44", "M44", 2022),
        (2023, "M57", "M57_D", 2023),
        (2025, "M57_D", "M57_D", 2024),
    ]
    placed = (
        "select distinct section from marts.fct_lignes_documents where exercice in (2023, 2025) and compte = '6064'"
    )
    assert rows(warehouse, placed) == [("fonctionnement",)]
    (plan,) = of(found, "CPT-PLAN", 2025)
    assert plan.recu.replace("\u00a0", " ") == "2 documents : le plan M57_D de 2024 a servi, 1 compte n’y figure pas"
    assert of(found, "CPT-PLAN", 2018) == []


def test_an_account_of_operations_for_others_is_placed_and_its_number_kept(warehouse, found) -> None:
    lines = (
        "select compte, code_operation_tiers, section, code_chapitre, anomalie from marts.fct_lignes_documents "
        "where exercice = 2042 and compte <> '6064' order by all"
    )
    assert rows(warehouse, lines) == [
        ("2188", None, "investissement", "21", None),
        ("45411", "7", "investissement", "45411", None),
        ("4581001", "001", "investissement", "4581", None),
        ("4582", "002", "investissement", "4582", None),
    ]
    assert of(found, "CPT-INCONNU", 2042) == []


def test_an_account_that_the_plan_has_not_is_one_finding_with_its_amounts(found) -> None:
    (account,) = of(found, "CPT-INCONNU", 2025)
    assert account.recu.replace("\u00a0", " ") == (
        "2 lignes dans 2 documents, dont bp.xml:4 ; 2 lignes hors de toute section ; crédits 2,00 €, réalisé 2,50 €"
    )
    assert account.ecart == "2,5"


def test_a_nomenclature_without_a_known_plan_is_refused_in_words(warehouse, found) -> None:
    refused = of(found, "FIN-NOMENCLATURE", 2023)
    assert [(one.fichier, one.recu) for one in refused] == [
        ("refuses.xml", "compte administratif en M22-M22"),
        ("refuses.xml", "compte administratif en M832-M832"),
    ]
    assert rows(warehouse, "select count(*) from marts.fct_lignes_documents where fichier = 'refuses.xml'") == [(0,)]
    figures = states(warehouse, 2023)
    assert figures[PRINCIPAL] == (Decimal("1.00"), "partiel")  # for an account that no plan places
    assert figures[ANNEXES] == (None, "manquant")
