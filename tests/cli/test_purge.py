"""What retention removes: a NIR left after a refusal, data past their term, removals by hand, and interrupted removals."""

import json
import os
import re
import subprocess
import sys

import duckdb
import pytest

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.failpoints import PURGE
from pipelines.ledger.records import Manifest, Removal
from pipelines.ledger.workspace import open_workspace
from pipelines.runs.collect import collect, read_again
from pipelines.runs.findings import all_findings
from pipelines.runs.pending import stands
from pipelines.runs.retention import overdue_findings
from pipelines.sql import parquet_scan
from tests.cli.conftest import Bench, check
from tests.cli.purging import BY, LATER, current, holding, logins

NIR = "185057512345678"


def collected(bench: Bench, key: str, year: int) -> str:
    with bench.work() as work:
        return collect(work, work.registry.export_of(key), year).status


def refused_hr_file(bench: Bench) -> None:
    """A whole HR file whose heading is not the declared one."""
    bench.drop("2019/personnel/agents_2019.csv", f"Identifiant;Patronyme;NIR\nadurand;Durand;{NIR}\n")
    assert collected(bench, "personnel/agents", 2019) == "refused"


def test_originals_go_when_their_retention_is_over_and_the_figures_stay(filled: Bench, clock):
    for path in filled.home.landing.rglob("*.csv"):
        os.utime(path, (0, 0))  # dropped before the day of the purge
    clock("2024-12-31T00:00:00+00:00")
    assert "0 élément à retirer" in filled.millesime("purge", "--dry-run").stdout
    clock("2025-01-01T00:00:00+00:00")
    said = filled.millesime("purge", "--dry-run").stdout
    assert "CONS-ORIGINAL ventes/ventes 2019 ventes_2019.csv (à garder jusqu’au 2024-12-31)" in said
    assert "5 éléments à retirer" in said  # two originals, their two copies in landing, the pseudonyms
    assert len(list(filled.home.archive.glob("[0-9a-f]*"))) == 2
    originals = {file.sha256 for key in ("ventes/ventes", "personnel/agents") for file in current(filled, key).files}
    assert "éléments retirés" in filled.millesime("purge", *BY).stdout
    assert [path for path in filled.home.archive.rglob("*") if path.is_file()] == []
    assert not [path for path in filled.home.landing.rglob("*") if path.is_file()]
    assert filled.millesime("verify").exit_code == 0
    with filled.ledger() as ledger:
        entered = {row["subject"] for row in ledger.all_rows("removals") if row["rule"] == "CONS-ORIGINAL"}
    assert originals <= entered
    assert (filled.home.lake / current(filled, "ventes/ventes").tables["ventes"].parquet).exists()


def test_no_byte_of_a_refused_file_is_left_after_its_term(bench: Bench, clock):
    refused_hr_file(bench)
    assert {name.partition("/")[0] for name in holding(bench.home.root, NIR)} == {"archive", "landing"}
    first = bench.millesime("purge", *BY)
    assert "0 élément" in first.stdout, first.output  # three months have not passed
    assert len(holding(bench.home.root, NIR)) == 2
    clock(LATER)
    told = bench.millesime("findings", 2019)
    assert "CONS-REFUS" in told.stdout and "2, dont le plus ancien" in told.stdout
    assert "2 éléments à retirer" in bench.millesime("purge", "--dry-run").stdout
    assert len(holding(bench.home.root, NIR)) == 2
    assert "2 éléments retirés" in bench.millesime("purge", *BY).stdout
    assert holding(bench.home.root, NIR) == []
    assert "CONS-" not in bench.millesime("findings", 2019).stdout
    verified = bench.millesime("verify")
    assert verified.exit_code == 0 and "2 retraits par CONS-REFUS" in verified.stdout
    assert bench.millesime("purge", *BY).stdout.startswith("0 élément")


def test_what_nothing_reads_goes_too(filled: Bench, clock, tmp_path):
    """Unclaimed, hidden, half copied, of a year or a system that is none, or left in the archive and the lake by a kill."""
    for name in ("2019/personnel/lettre.docx", "2019/personnel/.agents.csv.filepart", "1999/x.csv", "vrac/a/b.txt"):
        filled.drop(name, NIR)
    (filled.home.archive / ("e" * 64)).write_text(NIR)
    outside = tmp_path / "ailleurs"
    outside.write_text(NIR)
    (filled.home.landing / "2019" / "lien").symlink_to(outside)
    lost = filled.home.lake / "personnel" / "agents.2019.abcd.json"
    lost.write_text("{}")
    rows = filled.home.lake / "personnel" / "agents" / "2019" / "abcd.parquet"
    rows.write_text(NIR)
    filled.millesime("purge", *BY)
    assert len(holding(filled.home.root, NIR)) == 5  # what a kill left, and no list names, has no term
    clock(LATER)
    assert filled.millesime("purge", *BY).exit_code == 0
    assert holding(filled.home.root, NIR) == [] and outside.read_text() == NIR
    assert not lost.exists() and not (filled.home.landing / "2019" / "lien").is_symlink()
    assert filled.millesime("verify").exit_code == 0


def test_a_refused_file_stays_as_long_as_an_accepted_one_has_its_bytes(filled: Bench, clock):
    file = current(filled, "personnel/agents").files[0]
    filled.refuse("personnel/agents", 2019, DeliveryRefused("FIC-VIDE", fichier=file.name), file.sha256)
    clock("2024-12-31T00:00:00+00:00")  # the last day of the fifth year after the exercice
    filled.millesime("purge", *BY)
    assert (filled.home.archive / file.sha256).exists()


def test_an_export_that_is_declared_no_more_is_purged_too(filled: Bench, declared, clock):
    for pattern in ("catalogue/systems/personnel.yml", "catalogue/figures/*", "dbt_project/models/*/*fct_effectifs*"):
        for path in declared.root.glob(pattern):
            path.unlink()
    text = filled.home.organisation_file.read_text(encoding="utf-8")
    filled.home.organisation_file.write_text(text.replace("personnel, ", ""), encoding="utf-8")
    clock(LATER)
    with filled.ledger() as ledger:
        before = ledger.current()["personnel/agents", 2019].manifest
    done = filled.millesime("purge", *BY)
    assert done.exit_code == 0, done.output
    assert not (filled.home.archive / before.files[0].sha256).exists()
    after_ = current(filled, "personnel/agents")
    assert after_.delivery != before.delivery and not set(logins(filled, after_)) & {None, ""}


@pytest.mark.parametrize("asked", [(), ("--by", "Z. Inconnu")])
@pytest.mark.parametrize("what", [(), ("--delivery", "{delivery}", "--reason", "erreur")])
def test_a_purge_that_no_declared_person_asks_for_is_refused(filled: Bench, clock, asked, what):
    clock(LATER)
    said = [word.format(delivery=current(filled, "personnel/agents").delivery) for word in what]
    refused = filled.millesime("purge", *said, *asked)
    assert refused.exit_code == 2, refused.output
    with filled.ledger() as ledger:
        assert ledger.all_rows("removals") == []


def test_every_removal_names_who_asked_for_the_purge(filled: Bench, clock):
    clock(LATER)
    assert "à la demande de A. Martin" in filled.millesime("purge", "--by", "a martin").stdout
    with filled.ledger() as ledger:
        rows = ledger.all_rows("removals")
    assert {"CONS-LAC", "CONS-ORIGINAL"} <= {row["rule"] for row in rows}
    assert {row["removed_by"] for row in rows} == {"A. Martin"}


# rows ------------------------------------------------------------


def test_the_rows_of_a_delivery_that_another_replaced_go_after_their_year(filled: Bench, clock):
    old = current(filled, "personnel/agents")
    filled.drop("2019/personnel/agents_2019.csv", "Login;Nom;Entrée\nadurand;Durand;01/02/2010\n", "cp1252")
    new = filled.receive("personnel/agents", 2019, check("ok", True))
    filled.millesime("purge", *BY)
    assert all((filled.home.lake / path).exists() for path in old.lake_files())
    clock(LATER)
    filled.millesime("purge", *BY)
    assert not [path for path in old.lake_files() if (filled.home.lake / path).exists()]
    assert not [path for path in new.lake_files() if (filled.home.lake / path).exists()]  # they are generalised
    assert filled.millesime("verify").exit_code == 0


LINES = "Login;Nom;Entrée\nadurand;D;01/02/2010\n"


def lists(bench: Bench, **of_year: str) -> None:
    """The lists of persons of several years, ``y2019="adurand seul"``."""
    for name, persons in of_year.items():
        year = int(name[1:])
        lines = "".join(f"{person};X;01/02/2010\n" for person in persons.split())
        bench.drop(f"{year}/personnel/agents_{year}.csv", f"Login;Nom;Entrée\n{lines}", "cp1252")
        bench.receive("personnel/agents", year, check("ok", True))


def by_year(bench: Bench, key: str = "personnel/agents") -> dict[int, list[str]]:
    return {year: logins(bench, current(bench, key, year)) for year in (2019, 2020)}


def test_pseudonyms_that_nobody_has_a_reason_to_know_become_others(bench: Bench, clock):
    lists(bench, y2019="parti reste parti", y2020="reste venu")
    before, received = by_year(bench), json.loads(bench.millesime("status", 2019, "--format", "json").stdout)["exports"]
    clock("2025-01-01T00:00:00+00:00")  # the term of 2019 has passed, that of 2020 has not
    said = bench.millesime("purge", *BY)
    assert "CONS-LAC personnel/agents 2019 pseudonymes de la livraison" in said.stdout and " : 1 sur 2" in said.stdout
    assert "Pour reconstruire" in said.stderr
    after_ = by_year(bench)
    assert after_[2020] == before[2020] and after_[2019][1] == before[2019][1]  # who is known in 2020 stays the same
    gone = before[2019][0]
    assert re.fullmatch("k0:[0-9a-f]{32}", after_[2019][0]) and after_[2019][0] == after_[2019][2]
    assert holding(bench.home.root, gone) == []
    assert bench.millesime("verify").exit_code == 0
    exports = json.loads(bench.millesime("status", 2019, "--format", "json").stdout)["exports"]
    kept = ("key", "state", "lines", "checks")
    assert [{k: e[k] for k in kept} for e in exports] == [{k: e[k] for k in kept} for e in received]
    with bench.work() as work:
        assert read_again(work) == []
    lists_again = "Login;Nom;Entrée\n" + "".join(f"{one};X;01/02/2010\n" for one in ("parti", "reste", "parti"))
    bench.drop("2019/personnel/agents_2019.csv", lists_again, "cp1252")
    assert collected(bench, "personnel/agents", 2019) == "unchanged"  # its bytes would bring the persons back
    assert by_year(bench) == after_
    clock("2026-01-01T00:00:00+00:00")
    bench.millesime("purge", *BY)
    last = by_year(bench)
    assert last[2019][1] == last[2020][0] and all(one.startswith("k0:") for year in last.values() for one in year)
    assert holding(bench.home.root, before[2020][0]) == [] and bench.millesime("verify").exit_code == 0


SESSIONS = """\
system: personnel
title: Personnel
owner: RH
exports:
  - name: agents
    title: Agents
    files: "agents*.csv"
    format: {type: csv, encoding: cp1252, delimiter: ";"}
    tables:
      - name: agents
        title: Agents
        fields:
          - {name: login, title: Login, at_term: draw, constraints: {required: true}}
          - {name: nom, title: Nom, personal: keep, at_term: empty}
          - {name: entree, title: Entrée, type: date, format: "%d/%m/%Y"}
"""


def test_an_expired_year_that_is_corrected_counts_its_persons_apart_and_says_so(bench: Bench, clock):
    lists(bench, y2019="parti reste", y2020="reste")
    assert parted(bench) == []
    clock(LATER)
    bench.millesime("purge", *BY)
    assert parted(bench) == []  # generalised together, they are the same persons still
    bench.drop("2019/personnel/agents_2019.csv", LINES + "reste;X;01/02/2010\n", "cp1252")
    bench.receive("personnel/agents", 2019, check("ok", True))
    ((year, received, decides),) = parted(bench)
    assert (year, decides) == (2019, True)
    assert received in (
        "des personnes généralisées en 2019",
        "des personnes généralisées en 2019 et 2020",
    )  # by the second


def parted(bench: Bench) -> list[tuple[int, str | None, bool]]:
    with bench.work() as work:
        found = [one for one in all_findings(work) if one.code == "COL-PERSONNES"]
        return [(one.exercice, one.recu, work.rules[one.code].a_decider) for one in found]


def test_texts_that_no_figure_needs_are_emptied_at_their_term_and_numbers_become_others(bench: Bench, declared, clock):
    declared.write("catalogue/systems/personnel.yml", SESSIONS)
    lists(bench, y2019="s77 s78 s77", y2020="s77")

    def rows(year: int) -> list[tuple]:
        lake = bench.home.lake / current(bench, "personnel/agents", year).tables["agents"].parquet
        return duckdb.sql(f"select login, nom, entree::varchar from {parquet_scan(lake)} order by _ligne").fetchall()

    before = {year: rows(year) for year in (2019, 2020)}
    assert before[2019][0] == ("s77", "X", "2010-02-01")
    clock("2025-01-01T00:00:00+00:00")  # the term of 2019 has passed, that of 2020 has not
    assert ": login, nom" in bench.millesime("purge", "--dry-run").stdout
    assert bench.millesime("purge", *BY).exit_code == 0
    first, second, third = rows(2019)
    assert first == third != second and re.fullmatch("k0:[0-9a-f]{32}", first[0])
    assert {one[1] for one in (first, second, third)} == {None} and first[2] == "2010-02-01"
    assert rows(2020) == before[2020]
    assert bench.millesime("verify").exit_code == 0
    assert "CONS-LAC" not in bench.millesime("purge", *BY).stdout  # done once


def test_what_has_a_term_of_its_own_is_a_text_that_may_go(bench: Bench, declared):
    for wrong in (
        "at_term: empty, constraints: {required: true}",
        "type: integer, at_term: draw",
        "personal: drop, at_term: draw",
    ):
        declared.write(
            "catalogue/systems/personnel.yml", SESSIONS.replace("at_term: draw, constraints: {required: true}", wrong)
        )
        refused = bench.millesime("status", 2019)
        assert refused.exit_code == 2 and "at_term: " in refused.stderr


def test_where_no_figure_follows_persons_each_exercice_goes_alone(bench: Bench, declared, clock):
    text = (declared.root / "catalogue/systems/personnel.yml").read_text(encoding="utf-8")
    apart = text.replace("personal: pseudonymise,", "personal: pseudonymise, across_years: false,")
    (declared.root / "catalogue/systems/personnel.yml").write_text(apart, encoding="utf-8")
    lists(bench, y2019="parti reste", y2020="reste")
    before = by_year(bench)
    clock("2025-01-01T00:00:00+00:00")
    bench.millesime("purge", *BY)
    after_ = by_year(bench)
    assert after_[2020] == before[2020] and not set(after_[2019]) & set(before[2019])


def test_a_person_goes_when_the_last_export_that_knows_her_has_reached_its_term(bench: Bench, declared, clock):
    text = (declared.root / "catalogue/systems/personnel.yml").read_text(encoding="utf-8")
    other = text.replace("system: personnel", "system: autre\nretention: P2Y").replace(
        "name: agents", "name: badges", 1
    )
    path = declared.root / "catalogue/systems/autre.yml"
    path.write_text(other.replace("agents*.csv", "badges*.csv"), encoding="utf-8")
    lists(bench, y2019="adurand seul")
    bench.drop("2019/autre/badges_2019.csv", LINES + "visiteur;V;\n", "cp1252")
    bench.receive("autre/badges", 2019, check("ok", True))
    mine, theirs = (logins(bench, current(bench, key)) for key in ("personnel/agents", "autre/badges"))
    clock("2022-01-01T00:00:00+00:00")  # the shorter term has passed
    bench.millesime("purge", *BY)
    assert not (bench.home.archive / current(bench, "autre/badges").files[0].sha256).exists()
    assert logins(bench, current(bench, "personnel/agents")) == mine
    known, visitor = logins(bench, current(bench, "autre/badges"))
    assert known == theirs[0] == mine[0] and visitor.startswith("k0:")
    clock("2025-01-01T00:00:00+00:00")
    bench.millesime("purge", *BY)
    mine, theirs = (logins(bench, current(bench, key)) for key in ("personnel/agents", "autre/badges"))
    assert theirs[0] == mine[0] and all(one.startswith("k0:") for one in [*mine, *theirs])


def frozen(bench: Bench, versions: str) -> Manifest:
    """A version made of what is accepted, and how long its rows are kept."""
    manifest = current(bench, "personnel/agents")
    folder = bench.home.releases / "2019-v1"
    folder.mkdir(parents=True)
    said = {"release": "2019-v1", "exercice": 2019, "deliveries": [manifest.as_dict()], "files": {}}
    (folder / "state.json").write_text(json.dumps(said), encoding="utf-8")
    with bench.ledger() as ledger:
        ledger.record_release("2019-v1", 2019, 1, "f" * 64, "b1", {}, None, "e" * 64)
    with bench.home.organisation_file.open("a", encoding="utf-8") as file:
        file.write(f"conservation: {{versions: {versions}}}\n")
    return manifest


@pytest.mark.parametrize(("versions", "are_held"), [("P10Y", True), ("P2Y", False)])
def test_the_rows_of_a_version_stay_until_its_own_term_then_replay_says_so(filled: Bench, clock, versions, are_held):
    manifest = frozen(filled, versions)
    clock("2025-01-01T00:00:00+00:00")
    filled.millesime("purge", *BY)
    assert current(filled, "personnel/agents") != manifest
    rows = [(filled.home.lake / path).exists() for path in manifest.lake_files()]
    assert rows == [are_held] * len(rows)
    if not are_held:
        said = filled.millesime("replay", "2019-v1")
        assert said.exit_code == 1 and "2019-v1 ne se refait plus" in said.stderr, said.output
        assert "CONS-LAC, personnel/agents 2019" in said.stderr
        return
    clock("2027-06-01T00:00:00+00:00")  # what is decided goes at once, by the clock of the ledger
    done = filled.millesime("purge", "--delivery", manifest.delivery, "--reason", "demande d’effacement", *BY)
    assert done.exit_code == 0 and not [p for p in manifest.lake_files() if (filled.home.lake / p).exists()], (
        done.output
    )


# by hand ------------------------------------------------------------


def test_a_delivery_is_removed_by_hand(filled: Bench):
    old = current(filled, "personnel/agents")
    before = logins(filled, old)
    refused = filled.millesime("purge", "--delivery", old.delivery, *BY)
    assert refused.exit_code == 2
    assert "personne" not in filled.millesime("purge", "--delivery", "zz", "--reason", "x", *BY).stdout
    done = filled.millesime(
        "purge", "--delivery", old.delivery[:10], "--reason", "demande d’effacement", "--by", "a martin"
    )
    assert done.exit_code == 0, done.output
    assert "CONS-LAC personnel/agents 2019 pseudonymes de la livraison" in done.stdout
    new = current(filled, "personnel/agents")
    assert new.delivery != old.delivery and not set(logins(filled, new)) & set(before)
    assert not (filled.home.archive / old.files[0].sha256).exists()
    assert not list((filled.home.landing / "2019" / "personnel").iterdir())
    assert not [path for path in old.lake_files() if (filled.home.lake / path).exists()]
    with filled.ledger() as ledger:
        entry = next(row for row in ledger.all_rows("removals") if row["rule"] == "CONS-DECISION")
    assert (entry["reason"], entry["removed_by"], entry["subject"]) == (
        "demande d’effacement",
        "A. Martin",
        old.delivery,
    )
    verified = filled.millesime("verify")
    assert verified.exit_code == 0 and "1 retrait par CONS-DECISION" in verified.stdout
    assert "aucune livraison" in filled.millesime("purge", "--delivery", "zz", "--reason", "x", *BY).stderr


def test_rows_without_persons_stay(filled: Bench):
    old = current(filled, "ventes/ventes")
    done = filled.millesime("purge", "--delivery", old.delivery, "--reason", "fichier déposé par erreur", *BY)
    assert done.exit_code == 0 and current(filled, "ventes/ventes") == old
    assert all((filled.home.lake / path).exists() for path in old.lake_files())
    assert filled.millesime("verify").exit_code == 0


def test_what_is_lost_without_an_entry_still_shows(filled: Bench, clock):
    clock(LATER)
    filled.millesime("purge", *BY)
    ventes = current(filled, "ventes/ventes")
    (filled.home.lake / ventes.tables["ventes"].parquet).unlink()
    assert "a disparu" in filled.millesime("verify").stdout


# kills ------------------------------------------------------------


@pytest.mark.parametrize("step", PURGE)
@pytest.mark.parametrize("by_hand", [False, True])
def test_a_purge_that_is_killed_is_finished_by_the_next(filled: Bench, step: str, by_hand: bool, clock, declared):
    old = current(filled, "personnel/agents")
    before = logins(filled, old)
    what = (
        f"purge_delivery(work, {old.delivery!r}, Chosen('erreur', 'A. Martin'), '2049-01-01')"
        if by_hand
        else "purge(work, '2049-01-01', 'A. Martin')"
    )
    code = (
        "from pathlib import Path; from pipelines.settings import Home; from pipelines.ledger.workspace import open_workspace\n"
        "from pipelines.runs.retention import Chosen, purge, purge_delivery\n"
        f"with open_workspace(Home(Path({str(filled.home.root)!r}))) as work: {what}\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "MILLESIME_SHIPPED": str(declared.root), "MILLESIME_FAILPOINT": step},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -9, killed.stderr
    if not by_hand:
        clock(LATER)
    done = filled.millesime("purge", *BY)
    assert done.exit_code == 0, done.output
    assert not (filled.home.archive / old.files[0].sha256).exists()
    assert not [path for path in (filled.home.landing / "2019" / "personnel").iterdir() if path.is_file()]
    for one in before:
        assert holding(filled.home.root, one) == []
    assert filled.millesime("verify").exit_code == 0
    clock(LATER)  # and what the killed one wrote for nothing
    filled.millesime("purge", *BY)
    parquets = list((filled.home.lake / "personnel").rglob("*.parquet"))
    assert {path.name.split(".")[0] for path in parquets} == {current(filled, "personnel/agents").delivery}
    assert "0 élément" in filled.millesime("purge", *BY).stdout


def test_findings_are_of_the_day(filled: Bench):
    with open_workspace(filled.home) as work:
        assert overdue_findings(work, "2020-01-01") == []
        (found,) = [one for one in overdue_findings(work, "2025-01-01") if one.code == "CONS-LAC"]
        assert found.recu == "1, dont le plus ancien était à garder jusqu’au 31/12/2024"


# names ------------------------------------------------------------

WHO = "MARTIN Eve"


def test_the_name_of_a_file_that_bears_a_person_is_kept_apart_and_purged(bench: Bench, declared, clock):
    text = (declared.root / "catalogue/systems/personnel.yml").read_text(encoding="utf-8")
    nominative = text.replace("    title: Agents\n    files", "    title: Agents\n    nominative: true\n    files", 1)
    (declared.root / "catalogue/systems/personnel.yml").write_text(nominative, encoding="utf-8")
    bench.drop(f"2019/personnel/agents {WHO}.csv", LINES + f"x;{WHO};31/02/2015\n", "cp1252")
    bench.drop(f"2019/personnel/{WHO} scan.pdf", "x")
    assert collected(bench, "personnel/agents", 2019) == "accepted"
    sha256 = current(bench, "personnel/agents").files[0].sha256
    assert current(bench, "personnel/agents").files[0].name == f"agents{sha256[:12]}.csv"
    bench.drop(f"2020/personnel/agents {WHO}.csv", "Autre;En-tête\n1;2\n", "cp1252")
    assert collected(bench, "personnel/agents", 2020) == "refused"
    with bench.work() as work:
        assert stands(work, work.registry.export_of("personnel/agents"), 2019)
        assert read_again(work) == []
        assert WHO not in str(all_findings(work))
    assert {name.split("/")[0] for name in holding(bench.home.root, WHO)} == {"landing", "archive"}
    assert (bench.home.archive / "noms" / sha256).read_text() == f"agents {WHO}.csv"
    told = bench.millesime("findings", 2019).stdout
    assert f"{WHO} scan.pdf" in told  # the operator's terminal, and no other place
    assert WHO not in bench.millesime("findings", 2019, "--format", "json").stdout
    assert bench.millesime("verify").exit_code == 0
    clock(LATER)
    bench.millesime("purge", *BY)
    assert holding(bench.home.root, WHO) == [] and bench.millesime("verify").exit_code == 0
    clock("2049-06-01T00:00:00+00:00")
    assert "0 élément" in bench.millesime("purge", *BY).stdout


def test_a_removal_by_an_undeclared_rule_is_reported(filled: Bench):
    with filled.ledger() as ledger:
        ledger.record_removal(Removal("FAUX", "0" * 64))
    said = filled.millesime("verify")
    assert said.exit_code == 0 and "1 retrait par FAUX (aucune règle de ce nom)" in said.stdout
