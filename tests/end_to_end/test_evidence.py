"""The work of an auditor on the demonstration: from a figure to its lines and back, decide, freeze, correct, freeze again, replay."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.cli.session import Session
from pipelines.disk import sha256_of
from pipelines.evidence.findings import gather
from pipelines.evidence.traced_rows import frozen_version
from pipelines.ledger.closing import SUMS, close
from pipelines.ledger.store import open_ledger
from pipelines.ledger.workspace import open_workspace
from pipelines.settings import Home
from tests.end_to_end.conftest import copied, millesime
from tests.end_to_end.traces import prove

pytestmark = pytest.mark.campaign(minutes=2)

VISAS = ("--prepared-by", "A. Préparateur", "--reviewed-by", "B. Relectrice", "--approved-by", "C. Présidente")
CORRECTED = "applications.sirius.agents_utilisateurs"


@pytest.fixture(scope="module")
def home(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demonstration, for queries."""
    return copied(demonstration, tmp_path_factory.mktemp("audit"))


def findings(home: Path, year: int = 2020) -> list[dict]:
    return json.loads(millesime(home, "findings", str(year), "--format", "json").stdout)["constats"]


def audit(home: Path) -> dict:
    return json.loads((home / "audit" / "2020" / "etat.json").read_text(encoding="utf-8"))


def verdict(home: Path) -> list[str]:
    return [reason["texte"] for reason in audit(home)["verdict"]["raisons"]]


def lines_of(home: Path, code: str) -> list[dict]:
    text = millesime(home, "trace", code, "2020", "--format", "csv").stdout.lstrip("\ufeff")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def test_no_two_findings_have_the_same_number(demonstration):
    with open_workspace(Home(demonstration)) as work:
        standing = gather(work)
    numbers = [finding.id for finding in standing]
    assert len(set(numbers)) == len(numbers)


def test_a_line_leads_back_to_the_figure_and_one_set_aside_says_why(home):
    rows = lines_of(home, CORRECTED)
    counted = next(row for row in rows if row["compte"] == "vrai")
    aside = next(row for row in rows if row["compte"] == "faux")
    said = millesime(home, "trace", "--file", counted["fichier"], "--line", counted["ligne"]).stdout
    assert CORRECTED in said and "ligne acceptée" in said
    said = millesime(home, "trace", "--file", aside["fichier"], "--line", aside["ligne"]).stdout
    assert CORRECTED not in said and f"comptée pour rien : {aside['motif']}" in said
    refused = next(finding for finding in findings(home) if finding["code"].startswith("LIG-"))
    said = millesime(home, "trace", "--file", refused["fichier"], "--line", str(refused["ligne"])).stdout
    assert "ligne refusée" in said and refused["code"] in said
    assert "ligne ignorée" in millesime(home, "trace", "--file", counted["fichier"], "--line", "1").stdout


def reasons_of(home: Path, export: str, condition: str) -> list[str]:
    """Why the first line of a table that meets a condition is in no figure."""
    system, _, name = export.partition("/")
    (path,) = (home / "lake" / system / name / "2020").glob("*[0-9a-f].parquet")
    place = f"select _fichier, _ligne from '{path}' where {condition} order by all limit 1"
    fichier, ligne = duckdb.sql(place).fetchone()
    done = millesime(home, "trace", "--file", fichier, "--line", str(ligne), "--format", "json")
    (fate,) = [one for one in json.loads(done.stdout)["livraisons"] if one["exercice"] == 2020]
    assert fate["etat"] == "acceptée" and fate["chiffres"] == []
    return fate["motifs"]


def test_a_line_that_no_figure_keeps_says_what_the_nearest_one_asks(home):
    (reason,) = reasons_of(home, "stockage/volumes", "month(mois) = 3")
    assert reason.endswith("le plus proche, infrastructure.stockage.volume, demande fin décembre")
    (reason,) = reasons_of(home, "citrix/evenements", "true")
    assert reason == "infrastructure.teletravail.pic_simultane ne la retient pas"
    (reason,) = reasons_of(home, "zimbra/domaines", "true")
    assert reason == "aucun chiffre ne se calcule sur cette table : elle n’est lue que par des tableaux"
    (reason,) = reasons_of(home, "published_reports/figures", "true")
    assert reason.startswith("chiffre imprimé : comparé à ")


def test_a_zero_names_the_delivery_that_it_was_read_in(home):
    said = json.loads(millesime(home, "trace", "rgpd.sous_traitants", "2018", "--format", "json").stdout)
    assert (said["chiffre"]["valeur"], said["feuilles"][0]["lignes"]) == (0, [])
    assert [source["export"] for source in said["sources"]] == ["rgpd/suivi"]


def test_what_is_declared_absent_or_only_printed_leads_to_its_line_and_back(home, tmp_path):
    for name in ("ledger.db", "ledger.head", "organisation.yml"):
        shutil.copy(home / name, tmp_path / name)
    (tmp_path / "lake").symlink_to(home / "lake")
    shutil.copytree(home / "warehouse" / "published", tmp_path / "warehouse" / "published")
    edited = tmp_path / "warehouse" / "published" / "warehouse.duckdb"
    changed = millesime(tmp_path, "trace", CORRECTED, "2020")
    assert changed.returncode == 0, changed.stderr
    with duckdb.connect(str(edited)) as db:
        db.execute(f"update rapport.chiffres set statut = 'publié' where code = '{CORRECTED}' and exercice = 2020")
    changed = millesime(tmp_path, "trace", CORRECTED, "2020")
    assert changed.returncode == 2 and "ont été modifiées depuis leur construction" in changed.stderr
    with open_ledger(Home(tmp_path)) as ledger:  # else a trace refuses rows that were changed after their construction
        ledger.record_warehouse(ledger.last_build()["build"], sha256_of(edited), is_whole=True, project="", sources={})
    for code, year, key in ((CORRECTED, 2020, "reprise"), ("applications.orphee.agents_formes", 2019, "absence")):
        found = json.loads(millesime(tmp_path, "trace", code, str(year), "--format", "json").stdout)
        line = found[key]
        assert line["livraison"] in [source["livraison"] for source in found["sources"]]
        back = millesime(tmp_path, "trace", "--file", line["fichier"], "--line", str(line["ligne"]), "--format", "json")
        reached = [one for fate in json.loads(back.stdout)["livraisons"] for one in fate["chiffres"]]
        assert (code, year) in [(one["code"], one["exercice"]) for one in reached]


# the life of a frozen year, step by step ------------------------------------------------


def a_year_is_frozen_once_everything_is_decided(home: Path) -> None:
    refused = millesime(home, "release", "2020", *VISAS)
    assert refused.returncode == 1 and "sont sans décision" in refused.stderr
    contradiction = next(f for f in findings(home) if f["ou"] == "finances.annexe.fonctionnement.resultat")
    assert contradiction["ecart"] == "-0,62"
    for finding in findings(home):
        rule = load_catalogue().rules[finding["code"]]
        if finding["severite"] == "bloquant" or rule.a_decider or finding["effet"] == "réserve":
            said = ("--because", "constaté, erratum à joindre", "--by", "C. Présidente", "--missing", "rien")
            decided = millesime(home, "decide", finding["constat"], *said)
            assert decided.returncode == 0, decided.stderr
    refused = millesime(home, "release", "2020", *VISAS)
    assert refused.returncode == 1 and "ne correspond pas aux livraisons" in refused.stderr
    assert millesime(home, "run", "2020").returncode == 0
    alone = millesime(
        home, "release", "2020", "--prepared-by", VISAS[1], "--reviewed-by", VISAS[1], "--approved-by", VISAS[5]
    )
    assert alone.returncode == 1 and "le fait de trois personnes" in alone.stderr
    frozen = millesime(home, "release", "2020", *VISAS)
    assert frozen.returncode == 0, frozen.stderr
    release = json.loads((home / "releases" / "2020-v1" / "state.json").read_text(encoding="utf-8"))
    assert release["fingerprint"] in frozen.stdout and "à relire" not in frozen.stdout
    assert {"rapport/chiffres.parquet", "lignes/marts/fct_utilisateurs.parquet", "organisation.yml"} <= release[
        "files"
    ].keys()
    assert len(release["deliveries"]) > 60
    again = millesime(home, "release", "2020", *VISAS, "--reason", "pour voir")
    assert again.returncode == 1 and "rien ne diffère" in again.stderr


def a_home_restored_elsewhere_has_the_same_head_and_makes_the_release_again_with_the_same_bytes(home: Path) -> None:
    kept, elsewhere = home.with_name("kept"), home.with_name("elsewhere")
    said = millesime(home, "backup", str(kept))
    assert said.returncode == 0, said.stderr
    restored = millesime(elsewhere, "restore", str(kept), MILLESIME_REMOVALS_FILE=str(home.with_name("removals")))
    assert restored.returncode == 0, restored.stderr
    found = re.search(r"Tête du registre\s*:\s*(\d+ \w+)", said.stdout)
    assert found, said.stdout
    head = found[1].split()
    assert " ".join(head) in restored.stdout and "le registre est celui de la sauvegarde" in restored.stdout
    shutil.rmtree(kept)  # nothing is left to lean on
    done = millesime(elsewhere, "replay", "2020-v1", MILLESIME_THREADS="8", TZ="America/New_York", LC_ALL="C")
    assert done.returncode == 0 and "ressortent avec les mêmes octets" in done.stdout, done.stdout + done.stderr
    assert "0 des lignes typées (originaux retirés)" in done.stdout
    made = ("report", "exports", "etat")
    pages = [one for name in made for one in (elsewhere / "releases/2020-v1" / name).rglob("*") if one.is_file()]
    same = f"pages, exports et listes qui se refont à l’identique : {len(pages)} sur {len(pages)}"
    assert len(pages) > 300 and same in done.stdout
    assert millesime(elsewhere, "run", "2018", "2019", "2020").returncode == 0
    assert (elsewhere / "published").resolve().name == (home / "published").resolve().name
    verified = millesime(elsewhere, "verify", "--head", *head)
    assert verified.returncode == 0, verified.stdout


def a_correction_of_a_frozen_year_waits_for_a_new_release(home: Path) -> None:
    published = (home / "published").resolve()
    counted = next(row for row in lines_of(home, CORRECTED) if row["compte"] == "vrai")
    export = home / "landing" / "2020" / "sirius" / counted["fichier"]
    lines = export.read_text(encoding="utf-8").split("\n")
    header, row = lines[0].split(","), lines[int(counted["ligne"]) - 1].split(",")
    assert row[header.index("actif")] == "1"
    row[header.index("actif")] = "0"
    lines[int(counted["ligne"]) - 1] = ",".join(row)
    export.write_text("\n".join(lines), encoding="utf-8")

    held = millesime(home, "run", "2020", "--source", "sirius")
    assert held.returncode == 5, held.stdout + held.stderr
    assert "2020-v1 est figée" in held.stderr and (home / "published").resolve() == published
    assert [f["ou"] for f in findings(home) if f["code"] == "REL-ECART"] == [CORRECTED]
    assert "des chiffres d’un exercice figé changeraient" in verdict(home)
    compared = millesime(home, "compare", "2020-v1")
    assert compared.returncode == 1
    assert (  # the sign and the singular are French
        "Sirius\u00a0: agents utilisateurs\u00a0: au lieu de « 10\u00a0agents », lire « 9\u00a0agents » (−1\u00a0agent)"
        in compared.stdout
    )


def a_trace_reads_what_is_published_and_a_frozen_year_its_own_rows(home: Path) -> None:
    """The correction is accepted and built but not published: it needs a new release."""
    said = millesime(home, "trace", CORRECTED, "2020", "--format", "json")
    published = json.loads(said.stdout)
    assert published["imprime"] == "10\u00a0agents" and said.returncode == 0
    assert "n’est pas publiée\u00a0: elle changerait des chiffres figés de 2020" in said.stderr
    shutil.move(home / "warehouse", home / "elsewhere")
    frozen = json.loads(millesime(home, "trace", CORRECTED, "--release", "2020-v1", "--format", "json").stdout)
    shutil.move(home / "elsewhere", home / "warehouse")
    assert frozen["version"] == "version 2020-v1" and frozen["feuilles"] == published["feuilles"]
    assert prove(Session(chosen=home), frozen_version(Home(home), "2020-v1"), (2020,)) > 50_000
    assert (
        "la version 2020-v1 est de l’exercice 2020"
        in millesime(home, "trace", CORRECTED, "2019", "--release", "2020-v1").stderr
    )


def the_new_release_has_its_erratum_and_the_old_one_stays(home: Path) -> None:
    before = (home / "releases" / "2020-v1" / "state.json").read_bytes()
    for finding in findings(
        home
    ):  # the recomputed figure now differs from the one that was printed; a delivery is replaced
        if finding["code"] in ("PUB-ECART", "REL-DIFFERENCE") and finding["etat"] == "ouvert":
            millesime(
                home, "decide", finding["constat"], "--because", "compte fermé à tort compté", "--by", "C. Présidente"
            )
    unsaid = millesime(home, "release", "2020", *VISAS)
    assert unsaid.returncode == 1 and "--reason" in unsaid.stderr
    frozen = millesime(home, "release", "2020", *VISAS, "--reason", "export Sirius corrigé")
    assert frozen.returncode == 0, frozen.stderr
    assert "Motif\u00a0: export Sirius corrigé." in frozen.stdout
    assert (home / "releases" / "2020-v1" / "state.json").read_bytes() == before
    assert not [f for f in findings(home) if f["code"] in ("REL-ECART", "REL-DIFFERENCE")]
    folder = home / "releases" / "2020-v2"
    for name in (
        "report/interne/rapport_activite_2020.pdf",
        "report/public/rapport_activite_2020.docx",
        "report/public/rapport_activite_2020.odt",
        "report/public/rapport_activite_2020.xlsx",
        "report/public/rapport_activite_2020.html",
        "etat/etat.html",
    ):
        assert (folder / name).stat().st_size > 10_000, name
    for profile in ("interne", "public"):  # what is given away is of the corrected year
        rows = csv.DictReader((folder / "exports" / profile / "donnees" / "chiffres.csv").open(encoding="utf-8"))
        assert [float(r["valeur"]) for r in rows if (r["code"], r["exercice"]) == (CORRECTED, "2020")] == [9.0], profile
    said = millesime(home, "compare", "2020-v1", "2020-v2").stdout
    assert "Un chiffre est modifié." in said and "lire « 9\u00a0agents »" in said
    assert millesime(home, "verify").returncode == 0
    first, second = audit(home)["versions"]
    assert first["erratum"] is None and "Un chiffre est modifié." in second["erratum"]
    assert second["motif"] == "export Sirius corrigé" and [c["code"] for c in second["modifies"]] == [CORRECTED]
    assert audit(home)["chiffres"]["version"] == "2020-v2" and audit(home)["verdict"]["publiable"]
    assert "2020-v3" in millesime(home, "replay", "2020-v3").stderr


def what_goes_to_the_five_mayors_comes_from_the_frozen_year_and_is_entered(home: Path) -> None:
    drafted = millesime(home, "acts", "2020")
    assert drafted.returncode == 0 and len(list((home / "actes" / "2020").rglob("*.docx"))) == 6, drafted.stderr
    ready = millesime(home, "transmit", "2020")
    assert ready.returncode == 0 and "aucun compte" not in ready.stderr, ready.stderr
    folders = sorted(path for path in (home / "transmissions/2020-v2/public").iterdir() if path.is_dir())
    frozen = home / "releases" / "2020-v2" / "report" / "public"
    assert [one.name for one in folders] == sorted(path.stem for path in (frozen / "collectivites").glob("*.pdf"))
    for folder in folders:
        assert sha256_of(folder / "rapport_activite_2020.pdf") == sha256_of(frozen / "rapport_activite_2020.pdf")
        accounts = {path.name for path in (folder / "comptes").iterdir()}
        assert accounts == {"SICIO_2020_P_CA.xml", "SICIO_2020_A_CA.xml", "budget_2020.csv", "comptes_2020.pdf"}
        assert "CA" in (folder / "SOMMAIRE.txt").read_text(encoding="utf-8")
    assert {one["exercice"] for year in (2019, 2020) for one in findings(home, year) if one["code"] == "TRA-ENVOI"} == {
        2019,
        2020,
    }
    today = audit(home)["versions"][-1]["figee_le"][:10]
    sent = millesime(home, "transmit", "2020", "--sent", today, "--by", "courriel")
    assert sent.returncode == 0 and "Choisy-le-Roi" in sent.stdout, sent.stderr
    (entered,) = audit(home)["transmission"]["envois"]
    assert (entered["version"], entered["le"], len(entered["destinataires"])) == ("2020-v2", today, 5)
    assert not [one for one in findings(home) if one["code"] == "TRA-ENVOI"]
    assert millesime(home, "verify").returncode == 0


def what_a_frozen_version_says_is_made_again_though_its_list_and_the_ledger_are_forged(home: Path) -> None:
    """Another approver on the audit page, another value in an export: the lists are written anew, and entered.

    Then a page is changed as well; and an original was purged: the rows of the lake replace it.
    """
    place = home / "releases" / "2020-v2"
    release = json.loads((place / "state.json").read_text(encoding="utf-8"))
    kolok = min((d for d in release["deliveries"] if d["system"] == "kolok"), key=lambda d: d["exercice"])
    assert kolok["exercice"] < 2020  # those of the same system that are read after it do not sweep its rows
    (home / "archive" / kolok["files"][0]["sha256"]).unlink()
    table, name = place / "exports" / "public" / "donnees" / "chiffres.csv", "report/interne/rapport_activite_2020.html"
    forged = ["etat/etat.html", "etat/etat.json", "exports/public/donnees/chiffres.csv"]
    kept = {path: path.read_bytes() for path in (*(place / one for one in (*forged, name)), place / SUMS)}
    for path in (place / "etat/etat.html", place / "etat/etat.json"):
        path.write_text(path.read_text(encoding="utf-8").replace("C. Présidente", "Z. Autre"), encoding="utf-8")
    table.write_text(re.sub(r",(\d+\.\d)", r",9\1", table.read_text(encoding="utf-8"), count=1), encoding="utf-8")
    with open_ledger(Home(home)) as ledger:
        close(Home(home), ledger, place)
    verified = millesime(home, "verify")
    assert verified.returncode == 1 and "ce qui ne s’écrit qu’une fois" in verified.stdout
    page = place / name
    page.write_text(page.read_text(encoding="utf-8").replace("</h1>", " 2</h1>", 1), encoding="utf-8")
    done = millesime(home, "replay", "2020-v2")
    assert done.returncode == 1 and "1 des lignes typées (originaux retirés)" in done.stdout, done.stdout
    assert all(f"✗ {one} : refait" in done.stdout for one in forged), done.stdout
    assert f"✗ releases/2020-v2/{name}\u00a0: le fichier a été modifié" in done.stdout, done.stdout
    for path, content in kept.items():
        path.write_bytes(content)


def a_release_that_was_touched_is_found_out(home: Path) -> None:
    figures = home / "releases" / "2020-v1" / "rapport" / "chiffres.parquet"
    figures.write_bytes(figures.read_bytes()[:-1] + b"X")
    done = millesime(home, "verify")
    assert done.returncode == 1
    assert "releases/2020-v1/rapport/chiffres.parquet\u00a0: le fichier a été modifié" in done.stdout


@pytest.mark.long
def test_the_life_of_a_frozen_year(demonstration: Path, tmp_path: Path) -> None:
    """Each step continues from the home that the previous one left."""
    home = copied(demonstration, tmp_path)
    a_year_is_frozen_once_everything_is_decided(home)
    a_home_restored_elsewhere_has_the_same_head_and_makes_the_release_again_with_the_same_bytes(home)
    a_correction_of_a_frozen_year_waits_for_a_new_release(home)
    a_trace_reads_what_is_published_and_a_frozen_year_its_own_rows(home)
    the_new_release_has_its_erratum_and_the_old_one_stays(home)
    what_goes_to_the_five_mayors_comes_from_the_frozen_year_and_is_entered(home)
    what_a_frozen_version_says_is_made_again_though_its_list_and_the_ledger_are_forged(home)
    a_release_that_was_touched_is_found_out(home)
