"""``findings``, ``decide``, ``explain``, ``verify``: a decision is recorded, may expire, overrides a verdict, and is never lost."""

import json
import sqlite3

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.evidence.findings import gather
from pipelines.ledger.records import Finding
from pipelines.stages.accept.decide import accept
from tests.cli.conftest import VENTES_2019, Bench, check
from tests.layers import rules


def findings(bench: Bench, year: int = 2019, code: str | None = None) -> list[dict]:
    rows = json.loads(bench.millesime("findings", year, "--format", "json").stdout)["constats"]
    return [row for row in rows if code in (None, row["code"])]


def refuse_on_a_check(bench: Bench, success: bool | None = False) -> None:
    """A new delivery of the sales that one critical check stops."""
    bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V9;05/01/2019;1,00\n")
    bench.receive("ventes/ventes", 2019, check("total_du_mois", success), check("autre", True))


def judged_again(bench: Bench) -> bool:
    """What the next collection makes of the refused delivery."""
    with bench.ledger() as ledger:
        manifest = ledger.delivery(ledger.all_rows("refusals")[-1]["delivery"])
        return accept(ledger, manifest, ledger.verdicts_of(manifest.delivery), rules())


def test_a_finding_keeps_its_number_and_says_since_when(filled, clock):
    first = findings(filled)
    assert len({row["constat"] for row in first}) == len(first)
    assert {row["depuis"] for row in first} == {None}  # nothing has recorded them yet
    for moment in ("2020-01-05T08:00:00+00:00", "2020-02-05T08:00:00+00:00"):
        clock(moment)
        sight(filled)
    seen = [row for row in findings(filled) if not row["code"].startswith("CONS-")]  # those of retention are of the day
    assert {row["depuis"] for row in seen} == {"2020-01-05T08:00:00+00:00"}


def sight(bench: Bench) -> None:
    with bench.work() as work:
        work.ledger.sight(gather(work))


def test_a_finding_says_in_words_what_was_received_and_expected(filled):
    (alert,) = findings(filled, code="ATT-ALERTE")
    assert (alert["message"], alert["attendu"]) == ("Contrôle d’alerte en échec : La règle alerte", "La règle alerte.")
    received = {row["ou"]: row["recu"] for row in findings(filled, code="LIG-TYPE")}
    assert received == {
        "personnel/agents": "valeur masquée : la table porte des données personnelles",
        "ventes/ventes": "=1+1",
    }


def test_what_blocks_is_printed_first_each_finding_with_its_place_its_day_and_its_decision(filled, clock):
    filled.refuse("ventes/ventes", 2019, DeliveryRefused("FIC-VIDE", fichier="v.csv"), "abc")
    with filled.ledger() as ledger:
        ledger.record_build("b1", True, [], [])
        gap = Finding(
            "PUB-ECART", "alerte", 2019, "essai.ventes.total", "Écart", ecart="-1", aide="Recopier :\n  - {a: 1}"
        )
        ledger.record_findings("b1", [gap])
    clock("2020-03-05T08:00:00+00:00")
    sight(filled)
    (alert,) = findings(filled, code="ATT-ALERTE")
    assert filled.millesime("decide", alert["constat"], "--because", "vu", "--by", "A. Martin").exit_code == 0
    _title, *printed, _count = filled.millesime("findings", 2019).stdout.split("\n\n")
    assert " bloquant FIC-VIDE ventes/ventes (v.csv) — " in printed[0]
    assert " alerte PUB-ECART essai.ventes.total — " in printed[1]  # it must be decided: before what need not be
    assert "\n  aide      Recopier :\n              - {a: 1}" in printed[1]  # each line to copy is a line
    (line,) = [one for one in printed if " LIG-TYPE ventes/" in one]
    assert " alerte LIG-TYPE ventes/ventes (ventes_2019.csv:3) — " in line and "\n  depuis    05/03/2020" in line
    (decided,) = [one for one in printed if alert["constat"] in one]
    assert "\n  décision  accepté par A. Martin : vu" in decided
    clock("2022-03-05T08:00:00+00:00")
    missing = filled.millesime("findings", 2020).stdout.split("\n\n")[1]
    assert " bloquant COL-MANQUANT personnel/agents — " in missing


def test_a_finding_that_went_and_comes_back_is_new(filled, clock):
    (warning,) = findings(filled, code="ATT-ALERTE")
    events = []
    days = ("2020-01-05", "2020-02-05", "2020-03-05")
    for moment, success in zip([f"{day}T00:00:00+00:00" for day in days], (False, True, False), strict=True):
        clock(moment)
        filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + f"V{moment[5:7]};05/01/2019;1,00\n")
        filled.receive("ventes/ventes", 2019, check("alerte", success, severity="warning"))
        sight(filled)
    with filled.ledger() as ledger:
        events = [
            (r["event"], r["seen_at"]) for r in ledger.all_rows("sightings") if r["finding"] == warning["constat"]
        ]
    assert [(event, moment[:10]) for event, moment in events] == list(zip(("seen", "gone", "seen"), days, strict=True))
    assert findings(filled, code="ATT-ALERTE")[0]["depuis"] == "2020-03-05T00:00:00+00:00"


def test_an_export_that_came_before_its_exercice_was_over_must_be_decided(bench, clock):
    clock("2019-10-05T08:00:00+00:00")
    bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019)
    bench.receive("ventes/ventes", 2019, check("ok", True))
    clock("2020-02-16T00:00:00+00:00")
    (early,) = findings(bench, code="COL-PERIME")
    assert (early["ou"], early["severite"]) == ("ventes/ventes", "alerte")
    assert (early["recu"], early["attendu"]) == ("reçu le 05/10/2019", "un export fait après le 31/12/2019")
    assert "à prendre avant de figer l’exercice" in bench.millesime("findings", 2019).stdout
    clock("2020-02-15T00:00:00+00:00")
    assert findings(bench, code="COL-PERIME") == []  # a later one may still come on that day
    clock("2020-02-16T00:00:00+00:00")
    assert len(findings(bench, code="COL-PERIME")) == 1
    clock("2020-02-10T08:00:00+00:00")
    bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V9;31/12/2019;1,00\n")
    bench.receive("ventes/ventes", 2019, check("ok", True))
    clock("2020-02-16T00:00:00+00:00")
    assert findings(bench, code="COL-PERIME") == []


def test_a_decision_is_shown_expires_and_is_never_removed(filled, monkeypatch, clock):
    filled.refuse("ventes/ventes", 2020, DeliveryRefused("FIC-VIDE", fichier="v.csv"), "abc")
    assert filled.millesime("findings", 2020).exit_code == 1
    (empty,) = findings(filled, 2020, "FIC-VIDE")
    done = filled.millesime(
        "decide", empty["constat"][:8], "--because", "sans objet", "--by", "A. Martin", "--until", "2100-12-31"
    )
    assert done.exit_code == 0, done.output
    assert filled.millesime("findings", 2020).exit_code == 3  # what is missing still is
    (row,) = findings(filled, 2020, "FIC-VIDE")
    assert (row["etat"], row["motif"], row["decide_par"], row["jusqu_au"]) == (
        "accepté",
        "sans objet",
        "A. Martin",
        "2100-12-31",
    )
    assert "accepté par A. Martin, jusqu’au 31/12/2100 : sans objet" in filled.millesime("findings", 2020).stdout
    clock("2101-01-01T00:00:00+00:00")
    assert findings(filled, 2020, "FIC-VIDE")[0]["etat"] == "décision expirée"
    assert filled.millesime("findings", 2020).exit_code == 1
    monkeypatch.undo()


def test_an_acceptance_holds_for_the_difference_it_was_taken_on(filled):
    def built(gap: str) -> Finding:
        gone = Finding("PUB-ECART", "alerte", 2019, "essai.ventes.total", "Écart", recu="15 €", ecart=gap)
        with filled.ledger() as ledger:
            ledger.record_build(f"b{gap}", True, [], [])
            ledger.record_findings(f"b{gap}", [gone])
        return gone

    name = built("-0,62").id
    assert filled.millesime("decide", name, "--because", "erreur d’addition", "--by", "A. Martin").exit_code == 0
    assert findings(filled, code="PUB-ECART")[0]["etat"] == "accepté"
    assert "écart     −0,62\n" in filled.millesime("findings", 2019).stdout
    assert built("-1000").id == name
    assert findings(filled, code="PUB-ECART")[0]["etat"] == "décision caduque"
    assert "décision caduque par A. Martin" in filled.millesime("findings", 2019).stdout
    assert filled.millesime("findings", 2019).stdout.endswith(", dont 1 à corriger ou à décider avant de figer.\n")
    built("a0019a484984")  # of words
    assert "  écart " not in filled.millesime("findings", 2019).stdout
    assert filled.millesime("decide", name, "--because", "vu de nouveau", "--by", "A. Martin").exit_code == 0
    assert findings(filled, code="PUB-ECART")[0]["etat"] == "accepté"


def test_a_decision_can_be_taken_back_and_both_stay(filled):
    (warning,) = findings(filled, code="ATT-ALERTE")
    name = warning["constat"]
    assert (
        "personne n’a accepté" in filled.millesime("decide", name, "--because", "x", "--by", "A", "--withdraw").output
    )
    assert filled.millesime("decide", name, "--because", "vu", "--by", "A").exit_code == 0
    assert filled.millesime("decide", name, "--because", "erreur", "--by", "B", "--withdraw").exit_code == 0
    assert findings(filled, code="ATT-ALERTE")[0]["etat"] == "ouvert"
    with filled.ledger() as ledger:
        assert [(d["choice"], d["reason"]) for d in ledger.all_rows("decisions")] == [
            ("accepted", "vu"),
            ("withdrawn", "erreur"),
        ]


def test_a_decision_needs_a_finding_that_stands_and_a_day_to_come(filled):
    unknown = filled.millesime("decide", "ffffffffffff", "--because", "x", "--by", "A")
    assert unknown.exit_code == 2 and "aucun constat « ffffffffffff »" in unknown.output
    (warning,) = findings(filled, code="ATT-ALERTE")
    past = filled.millesime("decide", warning["constat"], "--because", "x", "--by", "A", "--until", "2001-01-01")
    assert past.exit_code == 2 and "ce jour est passé" in past.output
    for reason, by in (("", "A"), (" ", "A"), ("x", ""), ("x", "\t")):
        unsaid = filled.millesime("decide", warning["constat"], "--because", reason, "--by", by)
        assert unsaid.exit_code == 2 and "dit pourquoi" in unsaid.output
    assert filled.millesime("decide", "", "--because", "x", "--by", "A").exit_code == 2  # begins several


def test_a_critical_verdict_is_overruled_by_a_decision_only_and_stays_what_it_is(filled):
    refuse_on_a_check(filled)
    (stopped,) = findings(filled, code="ATT-CRITIQUE")
    assert stopped["ou"] == "ventes/ventes" and stopped["attendu"] == "La règle total_du_mois."
    try:
        judged_again(filled)
        raise AssertionError("accepted without a decision")
    except DeliveryRefused as refusal:
        assert refusal.code == "ATT-CRITIQUE"
    asked = ("decide", stopped["constat"], "--because", "total vérifié à la main", "--by", "A. Martin")
    unsaid = filled.millesime(*asked)
    assert unsaid.exit_code == 2 and "--missing rien (le contrôle se trompe)" in unsaid.output
    said = filled.millesime(*asked, "--missing", "rien")
    assert said.exit_code == 0 and "run 2019" in said.stderr
    assert judged_again(filled) is True
    with filled.ledger() as ledger:
        current = ledger.current()["ventes/ventes", 2019]
        assert current.manifest.tables["ventes"].acceptees == 3
        assert not ledger.verdict(current.verdicts[0]).accepted
    (row,) = findings(filled, code="ATT-CRITIQUE")
    assert (row["constat"], row["etat"], row["severite"]) == (stopped["constat"], "rien ne manque", "bloquant")
    assert filled.millesime("findings", 2019).exit_code == 0


def test_a_decision_holds_for_the_bytes_it_was_taken_on(filled):
    refuse_on_a_check(filled)
    (stopped,) = findings(filled, code="ATT-CRITIQUE")
    filled.millesime("decide", stopped["constat"], "--because", "vu", "--by", "A", "--missing", "connu")
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V9;05/01/2019;2,00\n")
    filled.receive("ventes/ventes", 2019, check("total_du_mois", False))
    (other,) = findings(filled, code="ATT-CRITIQUE")
    assert other["constat"] != stopped["constat"] and other["etat"] == "ouvert"


def test_a_check_that_could_not_run_cannot_be_accepted(filled):
    refuse_on_a_check(filled, success=None)
    (broken,) = findings(filled, code="ATT-ERREUR")
    said = filled.millesime("decide", broken["constat"], "--because", "x", "--by", "A")
    assert said.exit_code == 2 and "ne prouve rien" in said.output


SUITE = """\
system: ventes
table: ventes
valid_row: {numero: "V{n}", jour: 2019-01-02, montant: 1}
expectations:
  - key: total_du_mois
    type: unexpected_rows_expectation
    columns: [montant]
    kwargs: {unexpected_rows_query: "select _fichier, _ligne from {batch} where montant::varchar::integer < 0"}
    severity: critical
    reason: Aucune vente n’est négative.
    fix: Vérifier le signe du montant.
    counterexample: [{montant: -1}]
"""


def test_a_check_that_could_not_run_says_where_it_is_declared(filled, declared):
    declared.write("expectations/systems/ventes/ventes.yml", SUITE)
    refuse_on_a_check(filled, success=None)
    (broken,) = findings(filled, code="ATT-ERREUR")
    assert "expectations/systems/ventes/ventes.yml:5." in broken["aide"]


def test_explain_prints_the_page_of_a_rule_and_its_findings_here(filled):
    said = filled.millesime("explain", "lig-type").stdout
    assert said.startswith("LIG-TYPE — Valeur illisible")
    assert "Effet " in said and "Corriger " in said and "constat" in said
    unknown = filled.millesime("explain", "LIG-TIPE")
    assert unknown.exit_code == 2 and "vouliez-vous dire « LIG-TYPE » ?" in unknown.output
    assert "Sans décision" in filled.millesime("explain", "PUB-ECART").stdout


def test_every_rule_has_a_page(bench):
    for code, rule in rules().items():
        assert rule.titre and rule.aide and rule.effet, code


def test_verify_finds_nothing_then_names_what_was_changed(filled):
    whole = filled.millesime("verify")
    assert whole.exit_code == 0, whole.output
    assert "Rien n’a été modifié." in whole.stdout
    with filled.ledger() as ledger:
        manifest = ledger.current()["ventes/ventes", 2019].manifest
    lake = filled.home.lake / manifest.tables["ventes"].parquet
    lake.write_bytes(lake.read_bytes() + b"\0")
    original = filled.home.archive / manifest.files[0].sha256
    original.chmod(0o600)
    original.write_bytes(b"autre chose")
    with sqlite3.connect(filled.home.ledger_file) as db:
        db.execute("drop trigger deliveries_no_update")
        db.execute("update deliveries set received_at = '1999-01-01' where seq = 1")
    changed = filled.millesime("verify", "--format", "json")
    assert changed.exit_code == 1
    assert json.loads(changed.stdout)["problems"] == [
        "deliveries 1\u00a0: l’écriture n’est plus celle qui a été enregistrée",
        f"archive/{manifest.files[0].sha256}\u00a0: le fichier a été modifié",
        f"lake/{manifest.tables['ventes'].parquet}\u00a0: le fichier a été modifié",
    ]
    original.unlink()
    said = filled.millesime("verify").stdout
    assert f"archive/{manifest.files[0].sha256}\u00a0: le fichier a disparu" in said


def test_a_head_that_a_report_prints_is_compared_with_the_ledger(filled):
    with filled.ledger() as ledger:
        entries, hash_ = ledger.head().entries, ledger.head().hash
        ledger.record_build("b", True, [], [])
    in_pieces = "\u200b".join(hash_[i : i + 8] for i in range(0, 64, 8))  # as the PDF lets it be copied
    assert "Rien n’a été modifié." in filled.millesime("verify", "--head", entries, in_pieces).stdout
    for wrong in ((entries, "0" * 64), (entries + 1, hash_), (999, hash_)):
        told = filled.millesime("verify", "--head", *wrong)
        assert told.exit_code == 1 and "que connaît le document imprimé" in told.stdout
