"""A delivery that is suddenly small is reported with the expected number, even for a source with no such setting."""

from collections.abc import Iterator

import pytest

from pipelines.evidence.findings import gather
from pipelines.ledger.records import Finding
from pipelines.ledger.store import open_ledger
from pipelines.ledger.workspace import Workspace
from pipelines.runs.collect import Outcome, collect
from tests.deliveries import HEADER, Depot


@pytest.fixture
def work(depot: Depot) -> Iterator[Workspace]:
    depot.declare()
    depot.organise()
    with open_ledger(depot.home) as ledger:
        yield depot.work(ledger)


def delivered(work: Workspace, depot: Depot, exercice: int, *files: int) -> Outcome:
    """Collect files of so many lines each."""
    for rank, lines in enumerate(files, 1):
        rows = "".join(f"{exercice}-{rank}-{line};;1,00;\n" for line in range(lines))
        depot.drop(HEADER + rows, f"export_{rank}.csv", exercice=exercice)
    return collect(work, work.registry.export_of("essai/export"), exercice)


def found(work: Workspace, *codes: str) -> list[Finding]:
    return [finding for finding in gather(work) if finding.code in codes]


def test_less_than_half_of_the_former_exercice_is_a_warning(work: Workspace, depot: Depot) -> None:
    assert delivered(work, depot, 2019, 200).status == "accepted"
    assert delivered(work, depot, 2020, 99).status == "accepted"
    (one,) = found(work, "ATT-ALERTE", "ATT-CRITIQUE")
    assert (one.severity, one.exercice, one.ou, one.cle) == ("alerte", 2020, "essai/lignes", "volume")
    assert one.attendu == "Au moins 100\u00a0lignes, la moitié des 200\u00a0lignes de l’exercice précédent."
    assert one.recu == "99 lignes"


def test_less_than_a_tenth_is_refused_until_somebody_says_why(work: Workspace, depot: Depot) -> None:
    delivered(work, depot, 2019, 200)
    refused = delivered(work, depot, 2020, 19)
    assert refused.status == "refused"
    (one,) = found(work, "ATT-CRITIQUE")
    assert (one.severity, one.exercice) == ("bloquant", 2020)
    assert one.attendu.startswith("Au moins 20\u00a0lignes, le dixième des 200\u00a0lignes")
    work.ledger.record_decision(one, "accepted", "service fermé en janvier", "moi")
    assert collect(work, work.registry.export_of("essai/export"), 2020).status == "accepted"


def test_columns_that_become_rows_are_compared_as_rows(depot: Depot) -> None:
    months = {"mois": {"heading": "M(.+)"}, "nombre": {"under": "mois"}}
    depot.declare(
        [
            {"name": "site", "title": "Site", "constraints": {"required": True}},
            {"name": "mois", "title": "Mois", "constraints": {"required": True}},
            {"name": "nombre", "title": "Nombre", "type": "integer", "constraints": {"required": True}},
        ],
        table={"header": {2019: {"site": "Site", **months}}, "primaryKey": ["site", "mois"]},
    )
    depot.organise()
    head = f"Site;{';'.join(f'M{month}' for month in range(1, 13))}\n"
    with open_ledger(depot.home) as ledger:
        work = depot.work(ledger)
        for exercice, lines in ((2019, 30), (2020, 4)):
            text = "".join(f"S{line}{';1' * 12}\n" for line in range(lines))
            depot.drop(head + text, exercice=exercice)
            collect(work, work.registry.export_of("essai/export"), exercice)
        (one,) = found(work, "ATT-ALERTE")
        assert (one.cle, one.recu) == ("volume", "48 lignes") and "la moitié des 360" in one.attendu


def test_half_of_it_is_as_expected(work: Workspace, depot: Depot) -> None:
    delivered(work, depot, 2019, 200)
    delivered(work, depot, 2020, 100)
    assert found(work, "ATT-ALERTE", "ATT-CRITIQUE") == []


@pytest.mark.parametrize(("first", "second", "exercice"), [((60, 60), (70,), 2020), ((70,), (60, 60), 2019)])
def test_fewer_files_than_in_the_exercice_beside_it(
    work: Workspace, depot: Depot, first: tuple, second: tuple, exercice: int
) -> None:
    delivered(work, depot, 2019, *first)
    delivered(work, depot, 2020, *second)
    (one,) = found(work, "COL-FICHIERS")
    assert (one.severity, one.exercice, one.ou) == ("alerte", exercice, "essai/export")
    assert one.attendu == f"2\u00a0fichiers, comme en {2019 + 2020 - exercice}"
    assert one.recu == "1\u00a0fichier : export_1.csv"
    assert work.rules["COL-FICHIERS"].a_decider


def test_fewer_sheets_than_in_the_exercice_beside_it(work: Workspace, depot: Depot) -> None:
    depot.declare(kind={"type": "xlsx"}, table={"sheet": "* trimestre"})
    work = depot.work(work.ledger)
    headings = HEADER.strip().split(";")
    for year, quarters in ((2019, 4), (2020, 3)):
        sheets = {f"{n}e trimestre": [headings, [f"{year}-{n}", None, 1.5, None]] for n in range(1, quarters + 1)}
        depot.drop(depot.workbook(sheets).read_bytes(), "export.xlsx", exercice=year)
        assert collect(work, work.registry.export_of("essai/export"), year).status == "accepted"
    (one,) = found(work, "COL-FICHIERS")
    assert (one.exercice, one.ou, one.effet) == (2020, "essai/lignes", "réserve")
    assert one.attendu == "des lignes dans 4 feuilles, comme en 2019"


def test_a_file_cut_under_its_own_total_is_refused_unless_its_declaration_says_a_lower_share(
    work: Workspace, depot: Depot
) -> None:
    ignore = {"column": "code", "pattern": "Total", "counts": ["libelle"]}
    text = HEADER + "".join(f"A{line};;1,00;\n" for line in range(8)) + "Total;10;;\n"

    def outcome() -> Outcome:
        work = depot.work(ledger)
        return collect(work, work.registry.export_of("essai/export"), 2020)

    depot.drop(text, "export.csv", exercice=2020)
    depot.declare(table={"ignore": [ignore]})
    ledger = work.ledger
    assert outcome().status == "refused"
    (one,) = [finding for finding in gather(depot.work(ledger)) if finding.code == "ATT-CRITIQUE"]
    assert one.recu == "annoncé : 10 ; recalculé : 8"
    depot.declare(table={"ignore": [{**ignore, "least": 0.75}]})
    assert outcome().status == "accepted"
    (one,) = [finding for finding in gather(depot.work(ledger)) if finding.code == "TOTAL"]
    assert (one.severity, one.recu) == ("alerte", "annoncé : 10 ; recalculé : 8")


def test_a_file_that_came_twice_under_two_names_is_reported(work: Workspace, depot: Depot) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        depot.drop(HEADER + ("A;;1,00;\n" if name != "b.csv" else "B;;1,00;\n"), name, exercice=2020)
    assert collect(work, work.registry.export_of("essai/export"), 2020).status == "accepted"
    (one,) = found(work, "COL-DOUBLE")
    assert (one.exercice, one.ou, one.recu) == (2020, "essai/export", "les mêmes octets dans a.csv, c.csv")
    assert work.rules["COL-DOUBLE"].a_decider


def test_the_warnings_of_a_refused_delivery_are_reported_too(work: Workspace, depot: Depot) -> None:
    delivered(work, depot, 2019, 200)
    delivered(work, depot, 2020, 19)  # too few for either: what only warns may say what lacks
    told = [(one.severity, one.cle.split()[0]) for one in found(work, "ATT-ALERTE", "ATT-CRITIQUE")]
    assert sorted(told) == [("alerte", "volume"), ("bloquant", "chute")]


def test_a_total_that_a_file_no_longer_announces_is_a_finding(work: Workspace, depot: Depot) -> None:
    depot.declare(table={"ignore": [{"column": "code", "pattern": "Total", "counts": ["libelle"]}]})
    ledger = work.ledger

    def collected(exercice: int, *files: str) -> list[Finding]:
        for rank, last in enumerate(files, 1):
            rows = "".join(f"{exercice}-{rank}-{line};;1,00;\n" for line in range(8))
            depot.drop(HEADER + rows + last, f"export_{rank}.csv", exercice=exercice)
        at_work = depot.work(ledger)
        assert collect(at_work, at_work.registry.export_of("essai/export"), exercice).status == "accepted"
        return [one for one in gather(at_work) if one.code == "TOTAL-ABSENT"]

    total = "Total;8;;\n"
    assert collected(2019, total, total) == []
    (one,) = collected(2020, total, "")
    assert (one.exercice, one.ou, one.fichier) == (2020, "essai/lignes", "export_1.csv")
    assert one.attendu == "le total de chaque fichier (« Libellé »), comme dans une livraison de 2019"
    assert one.recu == "aucune, ou pas dans tous : export_1.csv, export_2.csv"
    assert depot.work(ledger).rules["TOTAL-ABSENT"].a_decider
    assert [one.exercice for one in collected(2020, "", "")] == [2020]
    assert collected(2020, total, total) == []
    assert [one.exercice for one in collected(2019, "", "")] == [2019]  # as its own former delivery


def test_a_last_line_that_is_not_ended_is_a_finding_whose_weight_is_what_is_usual(
    work: Workspace, depot: Depot
) -> None:
    def collected(exercice: int, *ends: str) -> list[Finding]:
        for rank, end in enumerate(ends, 1):
            depot.drop(
                HEADER + f"A{rank};{exercice};5,00;\nB{rank};;71,93;{end}", f"export_{rank}.csv", exercice=exercice
            )
        assert collect(work, work.registry.export_of("essai/export"), exercice).status == "accepted"
        return found(work, "FIC-FIN")

    (alone,) = collected(2019, "")  # nothing says what is usual
    assert (alone.code, alone.severity, alone.exercice) == ("FIC-FIN", "alerte", 2019)
    assert (alone.ou, alone.fichier) == ("essai/export", "export_1.csv")
    assert alone.attendu == "une dernière ligne terminée par un saut de ligne"
    assert collected(2020, "") == []  # as in 2019: the tool writes none
    (cut,) = collected(2020, "\r\n", "")
    assert (cut.code, cut.severity, cut.exercice, cut.fichier) == ("FIC-FIN", "alerte", 2020, "export_2.csv")
    assert cut.attendu == "une dernière ligne terminée par un saut de ligne, comme dans les autres fichiers"
    assert work.rules["FIC-FIN"].a_decider
    (before,) = collected(2020, "\n", "\n")
    assert (before.code, before.exercice) == ("FIC-FIN", 2019)
    assert before.attendu == "une dernière ligne terminée par un saut de ligne, comme dans une livraison de 2020"
    assert before.recu == "aucun saut de ligne à la fin de export_1.csv"
    assert collected(2019, "\n") == []
