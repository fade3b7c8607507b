"""Anything removed or loosened since the last frozen version is a finding that says what, and needs a decision."""

import json
import shutil

import duckdb
import pytest

from pipelines.catalogue.yaml_file import read_mapping
from pipelines.evidence.findings import stops_a_release
from pipelines.ledger.records import ORIGINAL, Finding, Removal
from pipelines.runs.changes import (
    BEFORE_ANY,
    RULE,
    Difference,
    change_findings,
    changes_of,
    changes_since,
    erased_findings,
)
from pipelines.runs.findings import findings_and_changes
from pipelines.runs.retention import keep_until
from pipelines.runs.state import facts
from pipelines.stages.publish.release import Visas, write_release
from tests.cli.conftest import VENTES, VENTES_2019, Bench, check

VISAS = Visas("A", "B", "C")
PRINTED = """
create or replace table rapport.rpt_rapprochement_publie as
select * from (values ('a.total', 2019, '12,50', 12.5, 'égal'), ('a.autre', 2019, '3', 3, 'écart'))
t(code_chiffre, exercice, texte_publie, valeur_publiee, statut_rapprochement)
"""
OFF = "domaine: essai\ntitre: Essai\nchiffres: [{code: essai.ventes.par_agent, enabled: false}]\n"
FOUND = [
    Finding("PUB-ECART", "alerte", 2019, "a.autre", "Écart"),
    Finding("COL-PERIME", "alerte", 2019, "ventes/ventes", ""),
]


def in_warehouse(bench: Bench, query: str) -> None:
    with duckdb.connect(str(bench.home.warehouse)) as db:
        db.execute(query)


def built(bench: Bench, build: str, *tests: str) -> None:
    told = [{"name": name, "kind": "test", "status": "pass", "failures": 0} for name in tests]
    with bench.ledger() as ledger:
        deliveries = [one.manifest.delivery for one in ledger.current().values()]
        ledger.record_build(build, True, deliveries, told)


@pytest.fixture
def frozen(filled: Bench) -> Bench:
    """2019 is frozen, with two printed values, two findings and two tests."""
    filled.home.warehouse.parent.mkdir(parents=True)
    in_warehouse(filled, "create schema rapport; create table rapport.chiffres as select 'x' as code, 2019 as exercice")
    in_warehouse(filled, PRINTED)
    built(filled, "b1", "cle_unique", "total_juste")
    with filled.work() as work:
        write_release(work, 2019, facts(work, "b1", FOUND), Visas("A", "B", "C"), None, {})
    return filled


def told(bench: Bench, exercice: int = 2019, findings: list[Finding] = FOUND) -> list[str]:
    with bench.work() as work:
        release, differences = changes_since(work, findings)[exercice]
    assert release == "2019-v1"
    return [one.sentence().replace("\u00a0", " ") for one in differences]


def test_nothing_differs_from_what_was_just_frozen(frozen):
    assert told(frozen) == []
    with frozen.work() as work:
        assert change_findings(work, changes_since(work, FOUND)) == []


SUITE = """\
system: ventes
table: ventes
valid_row: {numero: "V{n}"}
expectations:
  - key: jour_connu
    type: expect_column_values_to_not_be_null
    columns: [jour]
    kwargs: {column: jour, mostly: %s}
    severity: %s
    reason: Le jour est connu.
    fix: Le saisir.
    counterexample: [{jour: null}]
"""


def of_home(bench: Bench, path: str, text: str) -> None:
    target = bench.home.root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def before_any(bench: Bench) -> tuple[list[str], list[Finding]]:
    with bench.work() as work:
        changes = changes_since(work, [])
        assert {name for name, _ in changes.values()} == {None}
        assert all(differences == changes[2019][1] for _, differences in changes.values())
        said = [one.sentence().replace("\u00a0", " ") for one in changes[2019][1]]
        return said, change_findings(work, changes)


def test_before_a_release_a_home_s_own_additions_are_not_reported(filled):
    built(filled, "b1")
    assert before_any(filled) == ([], [])
    of_home(filled, "catalogue/systems/stocks.yml", VENTES.replace("ventes", "stocks"))
    assert before_any(filled) == ([], [])


def test_before_a_release_a_chapter_less_is_listed_and_waits_for_nobody(filled, declared):
    declared.take("catalogue/report/05_rgpd.yml")
    of_home(filled, "catalogue/report/05_rgpd.yml", "id: rgpd\nenabled: false\n")
    (said,), found = before_any(filled)
    assert said.startswith("chapitre livré désactivé : le chapitre « rgpd »") and found == []


def test_before_a_release_a_check_of_a_shape_that_a_home_overrides_is_reported(filled, declared):
    declared.take("catalogue/systems/gma.yml")
    shipped = read_mapping(declared.root / "expectations/shapes/comptes.yml")[0]
    first = shipped["expectations"][0]
    one = {**first, "reason": "Peu importe."}
    row = {"identifiant": "a", "collectivite": "Orly", "est_actif": True}
    own = {"system": "gma", "table": "comptes", "valid_row": row, "expectations": [one]}
    of_home(filled, "expectations/systems/gma/comptes.yml", json.dumps(own, default=str))
    said, _ = before_any(filled)
    assert said == [
        f"déclaration livrée modifiée : la suite « systems/gma/comptes », {one['key']}, reason ({first['reason']} → Peu importe.)"
    ]


def test_before_a_release_what_a_home_takes_from_what_is_shipped_waits_for_a_decision(filled, declared):
    declared.write("expectations/systems/ventes/ventes.yml", SUITE % (1.0, "critical"))
    of_home(filled, "expectations/systems/ventes/ventes.yml", SUITE % (0.5, "warning"))
    shipped = read_mapping(declared.root / "catalogue/rules.yml")[0]["regles"]["PUB-ECART"]
    loosened = {name: said for name, said in shipped.items() if name != "a_decider"}
    of_home(filled, "catalogue/rules.yml", json.dumps({"regles": {"PUB-ECART": loosened}}))
    of_home(filled, "catalogue/figures/essai.yml", OFF)
    said, found = before_any(filled)
    assert {
        "déclaration livrée modifiée : la suite « systems/ventes/ventes », expectations.jour_connu.kwargs.mostly (1.0 → 0.5)",
        "déclaration livrée modifiée : la suite « systems/ventes/ventes », expectations.jour_connu.severity (critical → warning)",
        "déclaration livrée modifiée : la règle « PUB-ECART », a_decider (True → rien)",
    } <= set(said)
    assert [
        one for one in said if one.startswith("déclaration livrée désactivée : le chiffre « essai.ventes.par_agent »")
    ]
    assert len(said) == 4
    (one,) = found
    assert (one.code, one.exercice) == (BEFORE_ANY, 0)
    with filled.work() as work:
        work.ledger.record_decision(one, "accepted", "voulu", "A")
        (standing,) = work.ledger.standing([one])
        assert stops_a_release(standing, work.rules) and not standing.is_open("2021-01-01")
    of_home(filled, "expectations/systems/ventes/ventes.yml", SUITE % (0.1, "warning"))
    _, (other,) = before_any(filled)
    with filled.work() as work:
        assert work.ledger.standing([other])[0].is_open("2021-01-01")


def test_a_printed_value_that_goes_or_changes_is_reported_with_its_finding(frozen):
    in_warehouse(
        frozen, "update rapport.rpt_rapprochement_publie set texte_publie = '12,60' where code_chiffre = 'a.total'"
    )
    in_warehouse(frozen, "delete from rapport.rpt_rapprochement_publie where code_chiffre = 'a.autre'")
    assert told(frozen, findings=FOUND[1:]) == [
        "valeur imprimée retirée : a.autre (3 → rien)",
        "valeur imprimée modifiée : a.total (12,50 → 12,60)",
        "constat disparu : PUB-ECART a.autre (alerte → rien, il n’est plus constaté)",
    ]


def test_only_what_is_found_no_more_is_gone_since_a_year_was_frozen(frozen):
    with frozen.work() as work:
        work.ledger.record_findings("b1", FOUND[:1])
        found, changes = findings_and_changes(work)
    release, differences = changes[2019]
    assert release == "2019-v1" and FOUND[0] in found
    gone = [one.sentence() for one in differences if "constat disparu" in one.sentence()]
    assert len(gone) == 1 and "COL-PERIME" in gone[0]


def test_a_replaced_delivery_and_its_weakened_checks_are_reported(frozen):
    frozen.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V9;05/01/2019;1,00\n")
    frozen.receive("ventes/ventes", 2019, check("ok", True, severity="warning"))
    built(frozen, "b2", "cle_unique")
    found = told(frozen, findings=FOUND[:1])
    assert found[0].startswith("livraison remplacée : ventes/ventes (")
    assert found[1:] == [
        "constat disparu : COL-PERIME ventes/ventes (alerte → rien, une livraison de ventes est remplacée)",
        "contrôle retiré : ventes/ventes ventes, alerte (alerte → rien)",
        "contrôle affaibli : ventes/ventes ventes, ok (bloque → alerte)",
        "règle de l’entrepôt retirée : total_juste (vérifiée → rien)",
    ]


def test_another_catalogue_is_reported_and_a_later_year_is_compared_with_the_last_frozen_one(frozen, declared):
    declared.write("catalogue/systems/ventes.yml", VENTES.replace("owner: Régie", "owner: Comptabilité"))
    for year in (2019, 2020):
        catalogue, declaration = told(frozen, year)
        assert catalogue.startswith("catalogue modifié : ")
        assert declaration.startswith("déclaration modifiée : system ventes (")


def test_a_suite_that_is_no_longer_declared_and_another_program_are_reported(frozen, declared):
    shutil.rmtree(declared.root / "expectations" / "systems" / "absences")
    declared.write("requirements.lock", "d’autres versions")
    found = [one.partition(" (")[0] for one in told(frozen)]
    assert any(one.startswith("déclaration retirée : suite systems/absences/") for one in found)
    assert "programme modifié : code et dépendances" in found


def test_a_check_that_a_later_year_lacks_is_reported(frozen):
    frozen.drop("2020/ventes/ventes_2020.csv", VENTES_2019.replace("2019", "2020"))
    frozen.receive("ventes/ventes", 2020, check("ok", True))
    built(frozen, "b2", "cle_unique", "total_juste")
    assert told(frozen, 2020) == ["contrôle retiré : ventes/ventes ventes, alerte (alerte → rien)"]


def test_a_finding_tells_the_first_differences_and_counts_the_others(frozen):
    many = [Difference("figure", f"a.{number}", "1", "2") for number in range(23)]
    with frozen.work() as work:
        (found,) = change_findings(work, {2019: ("2019-v1", many)})
    assert "23 différences" in found.message and found.recu.endswith("figure\u00a0: a.19 (1 → 2)\u00a0; et 3 autres")


def test_it_waits_for_a_decision_which_says_nothing_of_another_difference(frozen):
    in_warehouse(frozen, "delete from rapport.rpt_rapprochement_publie where code_chiffre = 'a.autre'")
    with frozen.work() as work:
        (one,) = [found for found in change_findings(work, changes_since(work, FOUND)) if found.exercice == 2019]
        assert one.code == RULE and "a.autre" in one.recu
        (standing,) = work.ledger.standing([one])
        assert stops_a_release(standing, work.rules) and standing.is_open("2021-01-01")
        work.ledger.record_decision(one, "accepted", "valeur saisie deux fois", "A")
        assert not work.ledger.standing([one])[0].is_open("2021-01-01")
    in_warehouse(frozen, "delete from rapport.rpt_rapprochement_publie")
    with frozen.work() as work:
        (other,) = [found for found in change_findings(work, changes_since(work, FOUND)) if found.exercice == 2019]
        assert other.id == one.id and work.ledger.standing([other])[0].is_open("2021-01-01")


def test_a_contradiction_whose_printed_value_goes_or_changes_before_any_release_waits_for_a_decision(filled):
    filled.home.warehouse.parent.mkdir(parents=True)
    in_warehouse(
        filled, "create schema rapport; create table rapport.chiffres as select 'a.nu' as code, 2019 as exercice"
    )
    in_warehouse(
        filled, "alter table rapport.chiffres add column unite varchar; update rapport.chiffres set unite = 'EUR'"
    )
    in_warehouse(filled, PRINTED)
    in_warehouse(filled, "insert into rapport.rpt_rapprochement_publie values ('a.nu', 2019, null, 7.5, 'écart')")
    recu = {"a.autre": "3 (publié)", "a.parti": "8 (publié)", "a.nu": "7,50\u00a0€ (publié)", "a.total": "12 (publié)"}
    with filled.work() as work:
        work.ledger.record_findings(
            "b1", [Finding("PUB-ECART", "alerte", 2019, code, "", recu=r) for code, r in recu.items()]
        )
        found = erased_findings(work, changes_since(work, []))
        assert [(one.ou, one.attendu, one.recu) for one in found] == [
            ("a.parti", "8 (publié)", "rien"),
            ("a.total", "12 (publié)", "12,50 (publié)"),
        ]
        assert all(stops_a_release(one, work.rules) for one in work.ledger.standing(found))
        assert erased_findings(work, {2019: ("2019-v1", [])}) == []  # the difference of two states says it


def test_the_findings_of_a_frozen_version_go_with_it_and_are_no_difference(frozen):
    frozen_change = Finding("REL-ECART", "bloquant", 2019, "a.total", "Chiffre figé qui changerait")
    in_warehouse(frozen, "insert into rapport.chiffres values ('y', 2019)")
    with frozen.work() as work:
        write_release(work, 2019, facts(work, "b1", [*FOUND, frozen_change]), VISAS, "corrigé", {})
        release, differences = changes_since(work, FOUND)[2019]
    assert (release, differences) == ("2019-v2", [])


def test_a_release_is_compared_with_the_one_before_it_and_never_with_itself(frozen):
    frozen.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V9;05/01/2019;1,00\n")
    frozen.receive("ventes/ventes", 2019, check("ok", True))
    built(frozen, "b2", "cle_unique", "total_juste")
    in_warehouse(frozen, "insert into rapport.chiffres values ('y', 2019)")
    with frozen.work() as work:
        write_release(work, 2019, facts(work, "b2", FOUND), VISAS, "corrigé", {})
        release, differences = changes_of(work, "2019-v2", 2019)
        assert changes_of(work, "2019-v1", 2019) == (None, [])  # nothing is taken from what is shipped
    assert release == "2019-v1"
    assert "livraison remplacée" in {one.nature for one in differences}


def test_another_declaration_of_the_organisation_is_reported(frozen):
    file = frozen.home.organisation_file
    file.write_text(file.read_text(encoding="utf-8") + "# autre\n", encoding="utf-8")
    (said,) = told(frozen)
    assert said.startswith("organisation modifiée : organisation.yml (")


def test_a_change_of_the_organisation_is_reported_by_its_place(frozen):
    file = frozen.home.organisation_file
    file.write_text(file.read_text(encoding="utf-8") + "seuil_secret: 3\n", encoding="utf-8")
    assert "organisation modifiée : seuil_secret (rien → 3)" in told(frozen)


def test_an_original_removed_under_a_shorter_retention_is_reported(frozen):
    with frozen.work() as work:
        (ref,) = [ref for ref in work.registry.exports() if ref.key == "ventes/ventes"]
        until = keep_until(ref, 2019)
        for name, said in (("a.csv", "2019-02-28"), ("b.csv", until), ("c.csv", None)):
            work.ledger.record_removal(Removal(ORIGINAL, name, ref.key, 2019, [name], kept_until=said))
    of = "original retiré avant son terme : ventes/ventes,"
    asked = f"à garder jusqu’au {until}"
    assert told(frozen) == [f"{of} a.csv ({asked} → 2019-02-28)", f"{of} c.csv ({asked} → sans terme)"]


def test_before_a_release_a_home_s_changes_to_what_is_shipped_are_reported_and_its_own_additions_are_not(
    filled, declared
):
    declared.take("catalogue/fields.yml")
    said = "description: D., public: rien à cacher"
    of_home(
        filled, "catalogue/fields.yml", f"ventes__ventes.nb_agents: {{{said}}}\nstocks__stocks.nb_agents: {{{said}}}\n"
    )
    of_home(filled, "catalogue/systems/stocks.yml", VENTES.replace("ventes", "stocks"))
    of_home(
        filled,
        "catalogue/secrecy.yml",
        "tables: {fct_factures: {free: rien à cacher}, fct_stocks: {free: les nôtres}}\n",
    )
    of_home(filled, "dbt_project/models/marts/fct_stocks.sql", "select 1 as exercice\n")
    told_, (one,) = before_any(filled)
    assert {sentence.partition(" (rien")[0] for sentence in told_} == {
        "déclaration ajoutée à ce qui est livré : l’entrée de secret « fct_factures »",
        "déclaration ajoutée à ce qui est livré : la colonne « ventes__ventes.nb_agents »",
    }
    assert len(told_) == 2
    assert one.code == BEFORE_ANY
