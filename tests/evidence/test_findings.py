"""Findings: gathered from what was received and built, in a stable order, from the day when they are due."""

from dataclasses import replace

import pytest

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.evidence.findings import blockers, gather, in_order, of_year, on_day, stops_a_release, unread
from pipelines.ledger.records import Decision, Finding, Manifest, Standing, Unread
from tests.cli.conftest import VENTES_2019, Bench, check
from tests.deliveries import begin_ledger
from tests.layers import rules

BLOCKING = Finding("ATT-CRITIQUE", "bloquant", 2020, "ventes/ventes", "Contrôle en échec")
WARNING = replace(BLOCKING, code="ATT-ALERTE", severity="alerte")


def found(bench: Bench, *codes: str) -> list[Finding]:
    with bench.work() as work:
        return [one for one in gather(work) if one.code in codes]


def test_the_blocking_ones_come_first_then_by_year_rule_place_file_and_line():
    ordered = [
        replace(BLOCKING, exercice=2019),
        BLOCKING,
        replace(BLOCKING, code="FIC-VIDE"),
        replace(WARNING, exercice=2018),
        replace(WARNING, ou="a/b"),
        WARNING,
        replace(WARNING, fichier="A.csv"),
        replace(WARNING, fichier="a.csv", ligne=2),
        replace(WARNING, fichier="a.csv", ligne=10),
        replace(WARNING, fichier="b.csv"),
        replace(WARNING, severity="information", exercice=2017),
    ]
    assert in_order(reversed(ordered)) == ordered


def test_an_export_that_may_still_come_is_a_finding_after_its_day(bench: Bench):
    late = [
        Standing(replace(WARNING, code=code, exercice=2019, ou=where), None)
        for code in ("COL-MANQUANT", "COL-PERIME", "COL-MOIS", "COL-TROU", "COL-FICHIERS", "COL-COLLECTIVITE")
        for where in ("ventes/ventes", "personnel/agents")
    ]
    other = Standing(replace(WARNING, exercice=2019), None)
    due = {"ventes/ventes": "2020-02-15", "personnel/agents": bench.registry.export_of("personnel/agents").due(2019)}
    for where, day in due.items():
        here = [one for one in late if one.finding.ou == where]
        assert on_day([*here, other], bench.registry, day) == [other]
        after = f"{day[:8]}{int(day[8:]) + 1:02}"
        assert on_day([*here, other], bench.registry, after) == [*here, other]


def test_a_year_has_its_own_findings_and_those_of_no_year(bench: Bench):
    standing = [Standing(replace(WARNING, exercice=year), None) for year in (2019, 2020, 0)]
    kept = of_year(standing, bench.registry, 2020, "2100-01-01")
    assert [one.finding.exercice for one in kept] == [2020, 0]


def test_what_blocks_is_what_nobody_accepted_until_that_day():
    decision = Decision("x", "accepted", "vu", "A. Martin", "2020-06-01T00:00:00+00:00", "2021-01-31")
    standing = [
        Standing(BLOCKING, None),
        Standing(WARNING, None),
        Standing(replace(BLOCKING, ou="a/b"), None, decision),
    ]
    assert blockers(standing, "2021-01-31") == [BLOCKING]
    assert blockers(standing, "2021-02-01") == [BLOCKING, replace(BLOCKING, ou="a/b")]


@pytest.mark.parametrize(
    ("code", "severity", "stops"),
    [
        ("ATT-CRITIQUE", "bloquant", True),
        ("REL-ECART", "bloquant", False),
        ("COL-PERIME", "alerte", True),
        ("ATT-ALERTE", "alerte", False),
    ],
)
def test_a_year_is_frozen_when_what_blocks_or_must_be_decided_is_settled(code, severity, stops):
    assert stops_a_release(Standing(replace(BLOCKING, code=code, severity=severity), None), rules()) is stops


def test_what_did_not_come_is_reported_for_each_year_with_its_owner_and_day(bench: Bench):
    missing = [one for one in found(bench, "COL-MANQUANT") if one.ou == "ventes/ventes"]
    assert [one.exercice for one in missing] == list(range(2019, 2031))
    assert {one.severity for one in missing} == {"bloquant"}
    assert "Régie" in f"{missing[0].message} {missing[0].attendu} {missing[0].aide}"
    assert "15/02/2020" in f"{missing[0].message} {missing[0].attendu}"


def test_what_was_refused_says_the_rule_the_file_and_the_line_until_another_is_accepted(bench: Bench):
    bench.refuse("ventes/ventes", 2019, DeliveryRefused("FIC-ENCODAGE", fichier="v.csv", ligne=3), "abc")
    (refused,) = found(bench, "FIC-ENCODAGE")
    assert (refused.severity, refused.exercice, refused.ou) == ("bloquant", 2019, "ventes/ventes")
    assert (refused.fichier, refused.ligne) == ("v.csv", 3)
    assert refused.message == f"Livraison refusée : {rules()['FIC-ENCODAGE'].titre}"
    assert 2019 not in [one.exercice for one in found(bench, "COL-MANQUANT") if one.ou == "ventes/ventes"]
    bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019)
    bench.receive("ventes/ventes", 2019, check("ok", True))
    assert found(bench, "FIC-ENCODAGE") == []


def test_a_check_that_stops_a_delivery_and_one_that_warns_are_separate_findings(bench: Bench):
    bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019)
    bench.receive("ventes/ventes", 2019, check("total", False), check("alerte", False, severity="warning"))
    assert {
        (one.code, one.severity, str(one.cle).split()[0]) for one in found(bench, "ATT-CRITIQUE", "ATT-ALERTE")
    } == {
        ("ATT-CRITIQUE", "bloquant", "total"),
        ("ATT-ALERTE", "alerte", "alerte"),
    }


def test_a_refused_line_says_where_it_is_and_hides_what_is_of_a_person(filled: Bench):
    lines = {one.ou: one for one in found(filled, "LIG-TYPE")}
    assert {where: (one.exercice, one.fichier, one.ligne) for where, one in lines.items()} == {
        "ventes/ventes": (2019, "ventes_2019.csv", 3),
        "personnel/agents": (2019, "agents_2019.csv", 3),
    }
    assert lines["ventes/ventes"].recu == "=1+1" and "2015" not in str(lines["personnel/agents"])


def test_a_decision_on_a_refused_line_holds_for_its_reasons_alone(filled: Bench):
    def prints(content: str) -> dict[str | None, str | None]:
        filled.drop("2019/ventes/ventes_2019.csv", content)
        filled.receive("ventes/ventes", 2019, check("ok", True))
        return {one.cle: one.empreinte for one in found(filled, "LIG-TYPE") if one.ou == "ventes/ventes"}

    ((column, first),) = prints(VENTES_2019).items()
    assert prints(VENTES_2019.replace("=1+1", "=1+2")) != {column: first}  # another mistake at the same line
    assert prints(VENTES_2019) == {column: first}


def test_what_nothing_reads_is_a_finding_of_its_export() -> None:
    manifest = Manifest("d", "livres", "prets", 2019, [], {})
    said = unread(manifest, Unread("livres.zip/2019/a.xlsx", "Notice", 3, cachee=True), rules())
    assert (said.code, said.severity, said.exercice, said.ou) == ("FIC-NON-LU", "alerte", 2019, "livres/prets")
    assert said.fichier == "livres.zip/2019/a.xlsx, feuille « Notice »" and said.message.endswith(" (masquée)")


def test_a_frozen_year_whose_change_was_released_says_no_more_that_it_would_change(bench: Bench):
    begin_ledger(bench.home)
    with bench.ledger() as ledger:
        ledger.record_build("b1", True, [], [])
        changes = [replace(BLOCKING, code="REL-ECART", exercice=year, ou="a.total") for year in (2019, 2020)]
        ledger.record_findings("b1", changes)
        ledger.record_release("2019-2", 2019, 2, "f" * 64, "b1", {}, "compté deux fois", "0" * 64)
    assert [one.exercice for one in found(bench, "REL-ECART")] == [2020]


def test_what_the_caller_saw_is_gathered_with_the_rest(bench: Bench):
    seen = replace(WARNING, code="COL-INCONNU", ou="landing/2019/x")
    with bench.work() as work:
        assert [one.id for one in gather(work, [seen])].count(seen.id) == 1
