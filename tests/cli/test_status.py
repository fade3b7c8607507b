"""``millesime status``: what arrived or did not, what the figures are missing, what is published."""

import json
import re
import time

import pytest

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.ledger.records import Finding
from tests.cli.conftest import AGENTS_2019, VENTES_2019, Bench, check

# rows of rapport.chiffres and of rapport.rpt_manques
TOTAL = "('essai.ventes.total', 2019, 14.50::decimal(20,6), 'EUR', 2, 'calculé', null, 'partiel', 'T', 'essai', 'f')"

REFUSED = "('essai.ventes.total', 2019, 'ventes/ventes', 'livraison', '', '1 ligne refusée', 1::bigint, null)"
MISSING = "('essai.ventes.total', 2019, null::decimal(20,6), 'EUR', 2, 'manquant', 'm', 'manquant', 'T', 'essai', 'f')"
NOTHING_CAME = "('essai.ventes.total', 2019, 'ventes/ventes', 'livraison', '', 'non reçu', null::bigint, null)"


def status(bench: Bench, year: int = 2019) -> dict:
    """The JSON answer."""
    return json.loads(bench.millesime("status", year, "--format", "json").stdout)


def states(bench: Bench, year: int = 2019) -> dict[str, str]:
    """The state of each export."""
    return {export["key"]: export["state"] for export in status(bench, year)["exports"]}


def figures(bench: Bench, year: int = 2019) -> dict[str, tuple]:
    """State, printed mark and reasons of each figure."""
    return {f["code"]: (f["state"], f["mark"], f["reasons"]) for f in status(bench, year)["figures"]}


def test_nothing_arrived(bench) -> None:
    assert states(bench) == {
        "absences/absences": "not sent",
        "personnel/agents": "late",
        "ventes/ventes": "late",
    }
    result = bench.millesime("status", 2019)
    assert result.exit_code == 3
    assert "attendu avant le 15/02/2020 — Régie" in result.stdout
    assert "Publié : rien encore" in result.stdout


def test_a_published_number_hides_no_missing_export(bench) -> None:
    bench.publish("('essai.ventes.total', 2019, 3, 'EUR', 2, 'publié', null, 'manquant', 'Total', 'essai', 'f')")
    assert figures(bench)["essai.ventes.total"][:2] == ("missing", "m")
    assert states(bench)["ventes/ventes"] == "late"


def test_a_figure_that_is_not_built_has_no_state(filled) -> None:
    assert all(found == ("not built", None, ["pas encore construit"]) for found in figures(filled).values())
    assert "Chiffres : 3 pas construits" in filled.millesime("status", 2019).stdout


def test_what_is_not_due_yet_is_awaited_not_late(bench) -> None:
    assert states(bench, 2030)["ventes/ventes"] == "awaited"
    assert bench.millesime("status", 2030).exit_code == 0


def test_a_dropped_file_waits_until_it_is_collected(bench) -> None:
    bench.publish(MISSING, lacks=NOTHING_CAME)
    bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019)
    assert states(bench)["ventes/ventes"] == "waiting"
    assert figures(bench)["essai.ventes.total"] == (
        "missing",
        "m",
        ["ventes/ventes : déposé, pas encore collecté"],
    )


def test_accepted_exports_show_their_lines_and_checks(filled) -> None:
    (ventes,) = [e for e in status(filled)["exports"] if e["key"] == "ventes/ventes"]
    assert ventes["state"] == "received"
    assert ventes["files"] == ["ventes_2019.csv"]
    assert ventes["lines"] == {"lues": 4, "acceptees": 2, "refusees": 1, "ignorees": 1}
    assert ventes["checks"] == {"passed": 3, "warned": 1, "failed": 0}  # with its balance and its due date
    assert filled.millesime("status", 2019).exit_code == 0


def test_a_figure_says_what_it_lacks_the_pieces_of_a_source_together(filled) -> None:
    more = "('essai.ventes.total', 2019, 'ventes/ventes', 'mois', '2019-{}', 'mois absent', null, null)"
    filled.publish(TOTAL, lacks=", ".join([REFUSED, more.format("03"), more.format("05")]))
    assert figures(filled)["essai.ventes.total"] == (
        "partial",
        None,
        ["ventes/ventes : 1 ligne refusée", "ventes/ventes 2019-03, 2019-05 : mois absent"],
    )
    assert "ventes/ventes : 1 ligne refusée" in filled.millesime("status", 2019).stdout


def test_a_changed_file_waits_and_the_accepted_delivery_still_counts(filled) -> None:
    filled.publish(TOTAL, lacks=REFUSED)
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V4;05/01/2019;1,00\n")
    assert states(filled)["ventes/ventes"] == "waiting"
    assert figures(filled)["essai.ventes.total"][0] == "partial"


def test_a_refused_correction_leaves_the_former_delivery(filled) -> None:
    filled.publish(TOTAL, lacks=REFUSED)
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V1;05/01/2019;1,00\n")
    filled.receive("ventes/ventes", 2019, check("ok", True), check("cle", False))
    (ventes,) = [e for e in status(filled)["exports"] if e["key"] == "ventes/ventes"]
    assert (ventes["state"], ventes["rule"]) == ("refused", "ATT-CRITIQUE")
    assert ventes["lines"]["acceptees"] == 2  # the former one counts
    assert ventes["checks"] == {"passed": 3, "warned": 0, "failed": 1}  # the refused one is spoken of
    assert figures(filled)["essai.ventes.total"][0] == "partial"
    result = filled.millesime("status", 2019)
    assert result.exit_code == 1
    assert "rejects 2019" in result.stdout


def test_putting_the_accepted_file_back_ends_the_refusal(filled) -> None:
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V1;05/01/2019;1,00\n")
    filled.receive("ventes/ventes", 2019, check("cle", False))
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019)
    assert states(filled)["ventes/ventes"] == "received"


def test_an_unreadable_file_is_refused_with_its_rule(bench) -> None:
    bench.publish(MISSING, lacks=NOTHING_CAME)
    bench.refuse("ventes/ventes", 2019, DeliveryRefused("FIC-ENTETE", fichier="v.csv", ligne=3), "abc")
    assert figures(bench)["essai.ventes.total"] == (
        "missing",
        "m",
        ["ventes/ventes : refusé depuis la construction (FIC-ENTETE)"],
    )
    assert "v.csv:3 FIC-ENTETE En-tête introuvable" in bench.millesime("status", 2019).stdout


def test_an_export_is_declared_absent_when_every_figure_that_needs_it_is(filled, bench) -> None:
    bench.drop("2020/personnel/agents_2020.csv", AGENTS_2019, "cp1252")
    bench.receive("personnel/agents", 2020, check("ok", True))
    declared = "code;code_manquant;motif\nessai.ventes.total;NC;Régie fermée\n"
    bench.drop("2020/absences.csv", declared)
    bench.receive("absences/absences", 2020, check("ok", True))
    assert states(bench, 2020)["ventes/ventes"] == "late"  # a ratio needs it too
    bench.drop("2020/absences.csv", declared + "essai.ventes.par_agent;?;Idem\n")
    bench.receive("absences/absences", 2020, check("ok", True))
    assert states(bench, 2020)["ventes/ventes"] == "declared absent"
    assert bench.millesime("status", 2020).exit_code == 0
    bench.publish(MISSING.replace("2019", "2020").replace("'m'", "'NC'"), lacks=NOTHING_CAME.replace("2019", "2020"))
    assert figures(bench, 2020)["essai.ventes.total"] == ("missing", "NC", ["Régie fermée"])


def test_a_missing_operand_makes_the_result_missing_with_its_mark(filled) -> None:
    filled.drop("2019/absences.csv", "code;code_manquant;motif\nessai.agents.nombre;?;Inconnu\n")
    filled.receive("absences/absences", 2019, check("ok", True))
    agents, ratio = (
        MISSING.replace("ventes.total", code).replace("'m'", "'?'") for code in ("agents.nombre", "ventes.par_agent")
    )
    filled.publish(f"{agents}, {ratio}")
    assert figures(filled)["essai.ventes.par_agent"] == (
        "missing",
        "?",
        ["dépend de essai.agents.nombre (?)"],
    )


@pytest.mark.parametrize(
    ("state", "mark", "reason"),
    [("missing", "?", "inconnue"), ("computed", "—", "division par zéro"), ("missing", "m", "aucune ligne")],
)
def test_what_only_the_build_could_find_is_shown_too(filled, state: str, mark: str, reason: str) -> None:
    etat = "complet" if state == "computed" else "manquant"
    filled.publish(MISSING.replace("'m', 'manquant'", f"'{mark}', '{etat}'"))
    found, printed, reasons = figures(filled)["essai.ventes.total"]
    assert (found, printed) == (state, mark)
    assert reason in reasons[0]


def test_published_lags_behind_accepted(filled) -> None:
    filled.publish(TOTAL)
    assert "à jour de ce qui est accepté" in filled.millesime("status", 2019).stdout
    filled.drop("2020/ventes/ventes_2020.csv", VENTES_2019.replace("2019", "2020"))
    filled.receive("ventes/ventes", 2020, check("ok", True))
    said = filled.millesime("status", 2019).stdout
    assert "en retard sur ce qui est accepté : ventes/ventes 2020" in said
    assert status(filled)["publication"]["behind"] == ["ventes/ventes 2020"]
    for year in range(2021, 2029):
        filled.drop(f"{year}/ventes/ventes_{year}.csv", VENTES_2019.replace("2019", str(year)))
        filled.receive("ventes/ventes", year, check("ok", True))
    assert "ventes/ventes 2025 et 3 autres (" in filled.millesime("status", 2019).stdout
    assert len(status(filled)["publication"]["behind"]) == 9


def test_a_run_that_a_frozen_year_refuses_is_not_advised(filled) -> None:
    filled.publish(TOTAL)
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019.replace("4,00", "9,00"))
    filled.receive("ventes/ventes", 2019, check("ok", True))
    assert " run 2019" in filled.millesime("status", 2019).stdout
    with filled.ledger() as ledger:
        ledger.record_build("b2", True, [c.manifest.delivery for c in ledger.current().values()], [])
        ledger.record_findings("b2", [Finding("REL-ECART", "bloquant", 2019, "essai.ventes.total", "Figé")])
    said = filled.millesime("status", 2019).stdout
    assert "elle changerait des chiffres figés de 2019" in said and " release 2019" in said
    assert " run 2019" not in said
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019.replace("4,00", "8,00"))
    filled.receive("ventes/ventes", 2019, check("ok", True))
    assert " run 2019" in filled.millesime("status", 2019).stdout  # another build may change nothing


def test_an_outdated_publication_says_nothing_of_the_figures(filled) -> None:
    filled.publish(MISSING)
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V4;05/01/2019;1,00\n")
    filled.receive("ventes/ventes", 2019, check("ok", True))
    assert figures(filled)["essai.ventes.total"][0] == "not built"


def test_a_failed_build_is_named(filled) -> None:
    filled.publish(TOTAL)
    with filled.ledger() as ledger:
        ledger.record_build("xb2", False, [], [])
        ledger.record_findings("xb2", [Finding("DBT-ECHEC", "bloquant", 0, "fct_ventes", "Règle en échec")])
    assert "la dernière construction a échoué : fct_ventes" in filled.millesime("status", 2019).stdout


def test_differences_with_published_reports_are_counted(filled) -> None:
    filled.publish(TOTAL, Finding("PUB-ECART", "alerte", 2019, "essai.ventes.total", "Écart", ecart="0,71"))
    assert "1 en écart avec un rapport publié" in filled.millesime("status", 2019).stdout


def test_files_that_no_declaration_claims_are_named(bench) -> None:
    bench.drop("2019/ventes/autre.csv", "x\n")
    bench.drop("2019/inconnu/f.csv", "x\n")
    said = bench.millesime("status", 2019).stdout
    assert "landing/2019/ventes/autre.csv" in said
    assert "landing/2019/inconnu/f.csv" in said


def test_a_demonstration_home_says_so_everywhere(make_bench) -> None:
    bench = make_bench(demonstration=True)
    bench.publish(TOTAL)
    for command in (["status", 2019], ["rejects", 2019], ["findings", 2019], ["figures", 2019]):
        assert "DÉMONSTRATION" in bench.millesime(*command).stdout
    for command in (["rejects", 2019], ["findings", 2019], ["figures", 2019], ["status", 2019]):
        assert json.loads(bench.millesime(*command, "--format", "json").stdout)["demonstration"] is True
    assert "DÉMONSTRATION" in bench.millesime("figures", 2019, "--format", "csv").stdout


def test_reading_a_home_writes_nothing(bench) -> None:
    before = sorted(path.name for path in bench.home.root.rglob("*"))
    for command in ("status", "rejects", "findings"):
        bench.millesime(command, 2019)
    assert sorted(path.name for path in bench.home.root.rglob("*")) == before


def test_a_monitor_reads_numbers_in_the_format_of_prometheus(filled) -> None:
    filled.publish(TOTAL)
    done = filled.millesime("status", 2019, "--format", "prometheus")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    told = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert told['millesime_exports{exercice="2019",state="received"}'] == "2"
    assert told["millesime_publication_behind"] == "0" and told["millesime_build_succeeded"] == "1"
    assert abs(float(told["millesime_publication_timestamp_seconds"]) - time.time()) < 600
    size = sum(path.stat().st_size for path in (filled.home.root / "archive").rglob("*") if path.is_file())
    assert told['millesime_size_bytes{part="archive"}'] == str(size)
    assert float(told["millesime_disk_free_bytes"]) > 0
    names = {re.match(r"[a-z_]+", line)[0] for line in lines if not line.startswith("#")}
    assert (
        names
        == {line.split()[2] for line in lines if line.startswith("# TYPE")}
        == {line.split()[2] for line in lines if line.startswith("# HELP")}
    )
    assert all(
        re.fullmatch(r"[a-z_]+(\{[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*\})? [-+.e0-9]+", line)
        for line in lines
        if line[0] != "#"
    )


def test_what_was_never_done_has_no_number(bench) -> None:
    said = bench.millesime("status", 2019, "--format", "prometheus").stdout
    assert "\nmillesime_build_timestamp_seconds" not in said and "\nmillesime_publication_timestamp_seconds" not in said


def test_the_size_of_each_part_and_the_free_space_are_shown(filled) -> None:
    (filled.home.root / "cache").mkdir()
    (filled.home.root / "cache" / "x").write_bytes(b"x" * 3_000_000)
    (filled.home.root / "cache" / "y").hardlink_to(filled.home.root / "cache" / "x")
    said = filled.millesime("status", 2019).stdout
    assert "cache 3" in said and "sur ce disque" in said
    assert (
        json.loads(filled.millesime("status", 2019, "--format", "json").stdout)["health"]["sizes"]["cache"] == 3_000_000
    )
