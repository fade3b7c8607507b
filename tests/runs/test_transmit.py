"""Sending the report to members: the content of the folders, refusals, what the ledger records, and findings about missing sendings."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from pipelines import settings
from pipelines.disk import sha256_of
from pipelines.evidence.sendings import unsent_findings
from pipelines.evidence.verify import verify
from pipelines.ledger.chain import Head
from pipelines.ledger.closing import close
from pipelines.ledger.state import STATE
from pipelines.publication import INTERNE, PUBLIC
from pipelines.runs.audit.state import look, state
from pipelines.runs.transmit import CONTENTS, LINES, CannotTransmit, enter_sending, prepare
from pipelines.stages.report.etat.page import render
from tests.cli.conftest import VENTES_2019, Bench
from tests.layers import Layer
from tests.stages.report.publication import Press

MEMBERS = """
collectivites:
  - {code_insee: "94054", siren: "219400546", nom: Orly}
  - {code_insee: "94022", siren: "219400223", nom: Choisy-le-Roi}
"""
ACCOUNTS = """
id: comptes
titre: Les comptes de {exercice}
sections:
  - id: compte
    titre: "Compte {libelle}"
    pour_chaque: {table: rpt_effectifs, code: libelle}
    blocs:
      - genre: tableau
        id: lignes
        titre: Dépenses
        table: rpt_effectifs
        lignes: {nom: libelle, titre: Chapitre, format: texte}
        colonnes: [{nom: nb_agents, titre: Réalisé, format: euros2}]
        vide: Rien.
"""
WORDS = "{{ collectivite }} : {{ f('a.total') }} agents, {{ signataire }}, {{ fonction }}. {{ pieces | join(' ; ') }}\n"


@pytest.fixture
def frozen(filled: Bench, declared: Layer, press: Press) -> Bench:
    """A home of two members whose year 2019 is frozen, its report drawn, a compte administratif among what it was made of."""
    filled.home.organisation_file.write_text(
        filled.home.organisation_file.read_text(encoding="utf-8") + MEMBERS, encoding="utf-8"
    )
    documents = {"source": "'ventes/ventes'", "signalees": False, "jointes": "est_compte_administratif"}
    entry = {"name": "int_essai__documents", "config": {"meta": {"lignes": documents}}}
    declared.write("dbt_project/models/intermediate/int_essai__documents.yml", {"version": 2, "models": [entry]})
    declared.write("dbt_project/models/intermediate/int_essai__documents.sql", "select 1 as exercice\n")
    for name in ("deliberation", "courrier"):
        declared.write(f"catalogue/report/texte/actes/{name}.md", WORDS if name == "courrier" else "Acte.\n")
    chiffres = press.tables["chiffres"][1]
    press.replace("chiffres", [(code, 2019, *rest) for code, year, *rest in chiffres if year == 2040])
    tables = press.publish()
    release = filled.home.releases / "2019-v1"
    with filled.ledger() as ledger:
        ledger.record_build("b1", True, [], [])
        visas = {"prepared_by": "A", "reviewed_by": "B", "approved_by": "C"}
        ledger.record_release("2019-v1", 2019, 1, "f" * 64, "b1", visas, None, "c" * 64)
    for profile, place in ((INTERNE, release), (PUBLIC, release / PUBLIC)):
        _copied(tables, place)
        pages = release / "report" / profile / "collectivites"
        pages.mkdir(parents=True)
        (pages.parent / "rapport_activite_2019.pdf").write_bytes(f"%PDF {profile}".encode())
        for name in ("orly", "choisy-le-roi"):
            (pages / f"{name}.pdf").write_bytes(f"%PDF {name} {profile}".encode())
    return filled


def _copied(published: Path, place: Path) -> None:
    (place / "rapport").mkdir(parents=True)
    for file in (published / "rapport").iterdir():
        (place / "rapport" / file.name).write_bytes(file.read_bytes())


def with_accounts(bench: Bench) -> None:
    """The journal of sales replaces the accounts: the lines of the release name it as such a document."""
    with bench.ledger() as ledger:
        ventes, agents = (
            ledger.current()[key, 2019].manifest.delivery for key in ("ventes/ventes", "personnel/agents")
        )
    listed = bench.home.releases / "2019-v1" / LINES / "int_essai__documents.parquet"
    listed.parent.mkdir(parents=True)
    rows = (
        f"(2019, true, 1, '{ventes}', 'ventes_2019.csv'), (2019, false, 1, '{agents}', 'agents_2019.csv'), "
        f"(2018, true, 1, '{agents}', 'agents_2019.csv'), (2019, true, 0, '{agents}', 'agents_2019.csv')"
    )
    columns = "exercice, est_compte_administratif, poids, _livraison, _fichier"
    with duckdb.connect() as db:
        db.execute(f"copy (select * from (values {rows}) as t({columns})) to '{listed}' (format parquet)")
    lines = bench.home.releases / "2019-v1" / "exports" / PUBLIC / "scdl" / "budget_2019.csv"
    lines.parent.mkdir(parents=True)
    lines.write_text("BGT_NATDEC\n", encoding="utf-8")
    with bench.ledger() as ledger:
        deliveries = [one.manifest.as_dict() for one in ledger.current().values()]
    (bench.home.releases / "2019-v1" / STATE).write_text(json.dumps({"deliveries": deliveries}), encoding="utf-8")


def test_a_folder_a_member_holds_the_public_report_its_page_the_accounts_and_a_signed_letter(frozen: Bench) -> None:
    from docx import Document

    with_accounts(frozen)
    with frozen.work() as work:
        done = prepare(work, 2019, PUBLIC)
    assert [one.nom for one in done.members] == ["Orly", "Choisy-le-Roi"]
    here = done.folder / "choisy-le-roi"
    files = {path.relative_to(here).as_posix(): path.read_bytes() for path in here.rglob("*") if path.is_file()}
    assert files["rapport_activite_2019.pdf"] == b"%PDF public"
    assert files["page_choisy-le-roi.pdf"] == b"%PDF choisy-le-roi public"
    assert files["comptes/ventes_2019.csv"] == VENTES_2019.encode() and "comptes/budget_2019.csv" in files
    assert "comptes/agents_2019.csv" not in files  # no account, or of another year
    (said,) = [one.text for one in Document(here / "courrier.docx").paragraphs]
    assert said.startswith("Choisy-le-Roi\u00a0: 27 agents, C, Approbation.") and "le compte de l’exercice 2019" in said
    sums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())
    assert sums == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name not in ("courrier.docx", "SHA256SUMS")
    }
    contents = files["SOMMAIRE.txt"].decode()
    assert all(f"- {name}\u00a0: " in contents for name in files if name != "SOMMAIRE.txt")


def test_the_accounts_can_be_read_beside_the_document_that_they_come_from(
    frozen: Bench, declared: Layer, press: Press
) -> None:
    from pypdf import PdfReader

    with_accounts(frozen)
    declared.write("catalogue/report/comptes.yml", ACCOUNTS.lstrip())
    press.replace("rpt_effectifs", [(2019, "principal", 1, 1234), (2018, "annexe", 1, 9)])
    table = press.publish() / "rapport" / "rpt_effectifs.parquet"
    shutil.copyfile(table, frozen.home.releases / "2019-v1" / PUBLIC / "rapport" / table.name)
    with frozen.work() as work:
        here = prepare(work, 2019, PUBLIC).folder / "orly"
    said = "".join(page.extract_text() for page in PdfReader(here / "comptes" / "comptes_2019.pdf").pages)
    assert "Les comptes de 2019" in said and "Compte principal" in said and "annexe" not in said
    assert "1\u202f234,00\u00a0€" in said
    assert "- comptes/comptes_2019.pdf\u00a0: " in (here / "SOMMAIRE.txt").read_text(encoding="utf-8")
    assert "comptes/comptes_2019.pdf" in (here / "SHA256SUMS").read_text(encoding="utf-8")


def test_the_internal_edition_is_sent_only_when_it_is_asked_for(frozen: Bench) -> None:
    with frozen.work() as work:
        done = prepare(work, 2019, INTERNE)
    assert (done.folder / "orly" / "rapport_activite_2019.pdf").read_bytes() == b"%PDF interne"
    assert "interne, à ne pas lire en séance publique" in (done.folder / "orly" / "SOMMAIRE.txt").read_text()
    assert not (frozen.home.transmissions / "2019-v1" / PUBLIC).exists()


def test_a_signed_letter_is_kept_and_a_missing_account_is_reported(frozen: Bench) -> None:
    made = frozen.millesime("transmit", 2019)
    assert made.exit_code == 0, made.output
    assert (
        "aucun compte administratif" in made.stderr and "transmit 2019 --sent AAAA-MM-JJ --by courriel" in made.stderr
    )
    folder = frozen.home.transmissions / "2019-v1" / PUBLIC / "orly"
    assert "Le compte de l’exercice n’est pas dans ce dossier" in (folder / "SOMMAIRE.txt").read_text(encoding="utf-8")
    (folder / "courrier.docx").write_bytes(b"completed")
    (folder / "courrier.pdf").write_bytes(b"signed")
    again = frozen.millesime("transmit", 2019)
    assert "Compléter et signer chaque courrier.docx de ces dossiers" in again.stderr
    assert [(folder / f"courrier.{kind}").read_bytes() for kind in ("docx", "pdf")] == [b"completed", b"signed"]
    assert "Courriers modifiés, gardés tels qu’ils sont : Orly\n" in again.stderr


def test_what_went_is_in_the_ledger_and_on_the_audit_page(frozen: Bench) -> None:
    today = _released(frozen)
    with frozen.work() as work:
        assert "Aucun envoi n’est enregistré" in _page(work)
        prepare(work, 2019, PUBLIC)
        (frozen.home.transmissions / "2019-v1" / PUBLIC / "orly" / "courrier.pdf").write_bytes(b"signed")
        enter_sending(work, 2019, PUBLIC, today, "courriel", today)
        (row,) = work.ledger.all_rows("sendings")
        assert (row["release"], row["sent_on"], row["sent_by"]) == ("2019-v1", today, "courriel")
        assert row["recipients"] == {"94054": "Orly", "94022": "Choisy-le-Roi"}
        assert row["files"]["orly/courrier.pdf"] == hashlib.sha256(b"signed").hexdigest()
        assert work.ledger.check({}) == []
        page = _page(work)
    assert "<dt>Voie</dt><dd>courriel</dd>" in page and "<dt>À</dt><dd>Orly, Choisy-le-Roi</dd>" in page
    assert "avant le 30/09/2020" in page and ", après l’échéance" in page


def test_what_was_taken_back_is_not_sent(frozen: Bench) -> None:
    with frozen.work() as work:
        work.ledger.record_withdrawal("b1", "f" * 32, "un effectif se déduit", "A. Martin", [])
        with pytest.raises(CannotTransmit, match="2019-v1 a de public a été retiré"):
            prepare(work, 2019, PUBLIC)
        assert prepare(work, 2019, INTERNE).profile == INTERNE


def _released(bench: Bench) -> str:
    with bench.ledger() as ledger:
        return ledger.all_rows("releases")[-1]["released_at"][:10]


def _page(work) -> str:
    return render(state(look(work), 2019), work.home.cache)


def test_nothing_is_entered_of_what_is_not_ready_was_changed_or_cannot_be(frozen: Bench) -> None:
    today = _released(frozen)
    with frozen.work() as work:
        with pytest.raises(CannotTransmit, match="rien n’est prêt pour Orly"):
            enter_sending(work, 2019, PUBLIC, today, "courriel", today)
        folder = prepare(work, 2019, PUBLIC).folder
        for wrong in ("2019-12-31", "9999-01-01"):
            with pytest.raises(CannotTransmit, match="n’est pas possible"):
                enter_sending(work, 2019, PUBLIC, wrong, "courriel", today)
        other, sums = folder / "orly" / "rapport_activite_2019.pdf", folder / "orly" / "SHA256SUMS"
        other.write_bytes(b"other")
        sums.write_text(sums.read_text().replace(hashlib.sha256(b"%PDF public").hexdigest(), sha256_of(other)))
        with pytest.raises(CannotTransmit, match="Orly\u00a0: SHA256SUMS, rapport_activite_2019.pdf n’est pas tel"):
            enter_sending(work, 2019, PUBLIC, today, "courriel", today)
        prepare(work, 2019, PUBLIC)
        (folder / "orly" / "autre.pdf").write_bytes(b"added")
        with pytest.raises(CannotTransmit, match=r"autre\.pdf n’est pas tel"):
            enter_sending(work, 2019, PUBLIC, today, "courriel", today)
        assert work.ledger.all_rows("sendings") == []


def test_only_a_frozen_year_with_its_pages_goes_to_members_that_there_are(frozen: Bench) -> None:
    with frozen.work() as work:
        with pytest.raises(CannotTransmit, match="2020 n’est pas figé"):
            prepare(work, 2020, PUBLIC)
        (frozen.home.releases / "2019-v1" / "report" / PUBLIC / "collectivites" / "orly.pdf").unlink()
        with pytest.raises(CannotTransmit, match=r"n’a pas report/public/collectivites/orly\.pdf.*--profile interne"):
            prepare(work, 2019, PUBLIC)
    said = frozen.millesime("transmit", 2019, "--sent", "2020-09-14")
    assert said.exit_code == 2 and "--sent va avec --by" in said.stderr


def test_a_report_without_pages_of_members_goes_to_each_of_them_all_the_same(frozen: Bench) -> None:
    shutil.rmtree(frozen.home.releases / "2019-v1" / "report" / PUBLIC / "collectivites")
    with frozen.work() as work:
        sent = prepare(work, 2019, PUBLIC).folder / "orly"
        assert (sent / "rapport_activite_2019.pdf").exists() and not (sent / "page_orly.pdf").exists()
        assert "page" not in (sent / CONTENTS).read_text(encoding="utf-8")
        work.ledger.record_sending("2019-v1", 2019, PUBLIC, {"94054": "Orly"}, "2020-09-14", "courriel", {})
        (finding,) = unsent_findings(work, "2030-01-01")
        assert finding.recu == "aucun envoi enregistré à Choisy-le-Roi"


@pytest.mark.parametrize(("day", "years"), [("2020-08-31", []), ("2020-09-01", [2019])])
def test_from_september_a_year_that_something_came_for_and_nobody_was_sent_is_a_finding(
    frozen: Bench, day: str, years: list[int]
) -> None:
    with frozen.work() as work:
        found = unsent_findings(work, day)
        assert [(one.code, one.exercice, one.severity) for one in found] == [("TRA-ENVOI", y, "alerte") for y in years]
        work.ledger.record_sending("2019-v1", 2019, PUBLIC, {"94054": "Orly"}, "2020-09-14", "courriel", {})
        assert [one.recu for one in unsent_findings(work, day)] == ["aucun envoi enregistré à Choisy-le-Roi"] * len(
            years
        )
        work.ledger.record_sending("2019-v1", 2019, INTERNE, {"94022": "Choisy-le-Roi"}, "2020-09-15", "main", {})
        assert unsent_findings(work, day) == []


def test_a_member_that_came_after_lacks_nothing_of_what_was_sent_before(frozen: Bench) -> None:
    (frozen.home.releases / "2019-v1" / "report" / PUBLIC / "collectivites" / "choisy-le-roi.pdf").unlink()
    with frozen.work() as work:
        work.ledger.record_sending("2019-v1", 2019, PUBLIC, {"94054": "Orly"}, "2020-09-14", "courriel", {})
        assert unsent_findings(work, "2030-01-01") == []


def test_what_is_sent_another_day_or_another_way_is_entered_apart(frozen: Bench) -> None:
    today = _released(frozen)
    assert frozen.millesime("transmit", 2019).exit_code == 0
    sent = ("transmit", 2019, "--sent", today, "--by")
    wrong = frozen.millesime(*sent, "courriel", "--to", "Orli")
    assert (
        wrong.exit_code == 1
        and "« Orli » n’est le nom d’aucune collectivité ; vouliez-vous dire « Orly »" in wrong.stderr
    )
    assert frozen.millesime("transmit", 2019, "--to", "Orly").exit_code == 2
    by_hand = frozen.millesime(*sent, "remise en main propre", "--to", "Choisy-le-Roi")
    assert by_hand.exit_code == 0, by_hand.output
    said = by_hand.stdout.replace("\u00a0", " ")
    assert "édition publique, envoyée" in said and said.rstrip().endswith("par remise en main propre à Choisy-le-Roi.")
    with frozen.ledger() as ledger:
        (row,) = ledger.all_rows("sendings")
    assert row["recipients"] == {"94022": "Choisy-le-Roi"}
    assert {name.partition("/")[0] for name in row["files"]} == {"choisy-le-roi"}
    assert _strange(frozen) == []  # what is still to go is as it was prepared
    page = frozen.home.transmissions / "2019-v1" / PUBLIC / "orly" / "page_orly.pdf"
    page.write_bytes(b"another")
    assert _strange(frozen) == [f"{page.relative_to(frozen.home.root)}\u00a0: le fichier a été modifié"]


def _strange(bench: Bench) -> list[str]:
    """What ``verify`` says of what goes to members."""
    with bench.ledger() as ledger:
        return [one for one in verify(bench.home, ledger).problems if one.startswith("transmissions/")]


def test_a_day_is_written_as_people_say_it(frozen: Bench) -> None:
    frozen.millesime("transmit", 2019)
    said = frozen.millesime("transmit", 2019, "--sent", "hier", "--by", "courriel")
    assert said.exit_code == 2 and "« hier » n’est pas un jour : l’écrire comme 2021-09-14 ou 14/09/2021" in said.stderr
    year, month, day = _released(frozen).split("-")
    done = frozen.millesime("transmit", 2019, "--sent", f"{day}/{month}/{year}", "--by", "courriel")
    assert done.exit_code == 0 and f"envoyée le {day}/{month}/{year} par courriel" in done.stdout


def test_the_command_lists_it_and_nobody_has_a_duty_without_members(frozen: Bench, clock) -> None:
    clock("2020-09-02T00:00:00+00:00")
    assert "TRA-ENVOI transmission — " in frozen.millesime("findings", 2019).stdout
    assert "TRA-ENVOI" not in frozen.millesime("findings", 2020).stdout
    text = frozen.home.organisation_file.read_text(encoding="utf-8").replace(MEMBERS, "")
    frozen.home.organisation_file.write_text(text, encoding="utf-8")
    with frozen.work() as work:
        assert unsent_findings(work, "2030-01-01") == []


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="coreutils is not installed")
def test_a_stranger_checks_a_release_with_its_letter_and_sha256sum_alone(frozen: Bench) -> None:
    """By the words of docs/auditor.md: the letter's hash is that of the list, and the list that of the files."""
    from docx import Document

    (frozen.home.root / "catalogue/report/texte/actes").mkdir(parents=True)
    letter = (settings.PROJECT_ROOT / "catalogue/report/texte/actes/courrier.md").read_text(encoding="utf-8")
    proof = letter[letter.index("{% if liste") :]
    (frozen.home.root / "catalogue/report/texte/actes/courrier.md").write_text(proof, encoding="utf-8")
    release = frozen.home.releases / "2019-v1"
    with frozen.work() as work:
        close(work.home, work.ledger, release)
        done, sealed_by = prepare(work, 2019, PUBLIC), work.ledger.head()
    said = "\n".join(one.text for one in Document(done.folder / "orly" / "courrier.docx").paragraphs)
    (sum_,) = re.findall(r"empreinte SHA-256 ([0-9a-f]{64})", said)
    (head,) = re.findall(r"la tête du registre qui la scelle est (\d+) ([0-9a-f]{64})", said)
    shell = {"cwd": release, "capture_output": True, "text": True, "check": False}
    assert subprocess.run(["sha256sum", "SHA256SUMS"], **shell).stdout.split()[0] == sum_
    assert subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], **shell).returncode == 0
    with frozen.ledger() as ledger:
        assert not [
            one for one in ledger.check({"courrier": Head(int(head[0]), head[1])}) if one.table != "ledger.head"
        ]
    assert int(head[0]) <= sealed_by.entries
    (release / "report" / PUBLIC / "rapport_activite_2019.pdf").write_bytes(b"another figure")
    assert subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], **shell).returncode == 1


def test_what_went_stays_as_it_went_when_the_rest_is_prepared_again(frozen: Bench) -> None:
    today = _released(frozen)
    with frozen.work() as work:
        folder = prepare(work, 2019, PUBLIC).folder
        (folder / "orly" / "courrier.docx").write_bytes(b"signed")
        enter_sending(work, 2019, PUBLIC, today, "courriel", today, ["Orly"])
        prepare(work, 2019, PUBLIC)
        assert (folder / "orly" / "courrier.docx").read_bytes() == b"signed"
    assert _strange(frozen) == []
    (folder / "orly" / "courrier.docx").write_bytes(b"another")
    assert _strange(frozen) == ["transmissions/2019-v1/public/orly/courrier.docx\u00a0: n’est pas ce qui est parti"]
