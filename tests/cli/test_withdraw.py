"""``millesime withdraw``: who may use it, what it removes, what the ledger records, and what it says when the server keeps its copy."""

import json

import pytest

from pipelines.ledger.closing import close
from tests.cli.conftest import Bench
from tests.services import listening

ROWS = "('essai.ventes.total', 2019, 14.5::decimal(20, 6), 'EUR', 2, 'calculé', null, 'complet', 'Total', 'essai', 'somme')"
SAID = ("--reason", "un effectif se déduit", "--by", "a martin")


@pytest.fixture
def published(filled: Bench) -> Bench:
    """A publication whose public profile also went to an export and a report."""
    manifest = json.dumps({"publication": "f" * 32})
    filled.publish(ROWS, public=manifest)
    for place in (filled.home.exports / "2019", filled.home.reports / "2019"):
        (place / "public").mkdir(parents=True)
        (place / "public" / "manifest.json").write_text(manifest, encoding="utf-8")
    dashboards = filled.home.exports / "superset/public/superset_public.zip"
    dashboards.parent.mkdir(parents=True)
    dashboards.write_bytes(b"its address, its dashboards")
    with filled.ledger() as ledger:
        for place in (dashboards.parent, *filled.home.root.glob("[er]*s/2019/public")):
            close(filled.home, ledger, place)
    return filled


def public(bench: Bench) -> list[str]:
    return [path.as_posix() for name in ("public", "*_public.zip") for path in bench.home.root.rglob(name)]


def test_what_is_ready_to_send_goes_and_what_was_sent_stays(published: Bench):
    for release in ("2018-v1", "2019-v1"):
        for profile in ("public", "interne"):
            folder = published.home.transmissions / release / profile / "orly"
            folder.mkdir(parents=True)
            (folder / "courrier.docx").write_bytes(b"signed")
    with published.ledger() as ledger:
        ledger.record_sending("2018-v1", 2018, "public", {"94054": "Orly"}, "2019-09-01", "courriel", {})
    assert published.millesime("withdraw", *SAID).exit_code == 0
    there = {
        path.relative_to(published.home.transmissions).as_posix() for path in published.home.transmissions.glob("*/*")
    }
    assert there == {"2018-v1/public", "2018-v1/interne", "2019-v1/interne"}


def withdrawals(bench: Bench) -> list[dict]:
    with bench.ledger() as ledger:
        return ledger.all_rows("withdrawals")


def test_what_is_public_goes_from_everywhere_and_the_ledger_says_who_and_why(published: Bench):
    done = published.millesime("withdraw", *SAID)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Le profil public est retiré :\n")
    said = [line.strip() for line in done.stdout.splitlines()[1:] if line.startswith("  ")]
    assert {place.partition("/")[0] for place in said} == {"builds", "exports", "reports"}
    assert public(published) == []
    (row,) = withdrawals(published)
    assert (row["profile"], row["reason"], row["withdrawn_by"]) == ("f" * 32, "un effectif se déduit", "A. Martin")
    assert row["places"] == said
    verified = published.millesime("verify")
    assert verified.exit_code == 0, verified.output
    again = published.millesime("withdraw", *SAID)
    assert again.exit_code == 1 and "rien n’est publié dans le profil public" in again.stderr
    assert len(withdrawals(published)) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--by", "A. Martin"), 2, "--reason"),
        (("--reason", "x"), 2, "--by"),
        (("--reason", "x", "--by", "Z. Inconnu"), 1, "« Z. Inconnu » n’est pas déclaré"),
    ],
)
def test_nobody_takes_it_back_without_a_reason_and_a_declared_name(published: Bench, arguments, code, told):
    refused = published.millesime("withdraw", *arguments)
    assert (refused.exit_code, told in refused.stderr) == (code, True), refused.output
    assert len(public(published)) == 5 and withdrawals(published) == []


def test_a_server_that_keeps_its_copy_is_reported_once_the_rest_is_gone(published: Bench, monkeypatch):
    monkeypatch.setenv("MILLESIME_PUBLISH_PROFILE", "public")
    with listening(lambda client: client.sendall(b"N")) as port:  # it offers no encryption
        monkeypatch.setenv("MILLESIME_PUBLISH_URL", f"postgresql://u:S3CRET@127.0.0.1:{port}/bi?sslmode=require")
        done = published.millesime("withdraw", *SAID)
    assert done.exit_code == 1 and "retiré du dossier, mais pas du serveur" in done.stderr
    assert "S3CRET" not in done.output and public(published) == []
    assert "PostgreSQL" in withdrawals(published)[0]["places"]
