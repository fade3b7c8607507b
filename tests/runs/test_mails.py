"""Mails sent through a real server: to the right persons, once, and without any cell or file name."""

import datetime as dt
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope

from pipelines import settings
from pipelines.runs.collect import collect
from pipelines.runs.mails import failure_mail, send_due, send_each
from pipelines.runs.smtp import NotSent
from pipelines.settings import Post, WrongSetting
from tests.cli.conftest import AGENTS_2019, PERSONNEL, Bench, bench, check, declared, filled, make_bench  # noqa: F401
from tests.services import PATHS, free_port, unavailable

CONTACTS = "contacts: {Ressources humaines: rh@syndicat.example, Régie: regie@syndicat.example}\n"
NIR, NAME = "185057512345678", "Zoé Canari"


class Kept:
    """The handler of the server: it keeps what it takes."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        message = message_from_bytes(bytes(envelope.content or b""), policy=default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        return [one for one in self.messages if one["To"] == address]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Kept]:
    """A real server, which asks for a password; its address lies in a file."""

    def known(_server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"millesime", b"mot de passe"))  # type: ignore[attr-defined]

    kept = Kept()
    options = {"authenticator": known, "auth_required": True, "auth_require_tls": False}
    controller = Controller(kept, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    secret = tmp_path / "smtp"
    secret.write_text(f"smtp://millesime:mot%20de%20passe@127.0.0.1:{controller.port}\n", encoding="utf-8")
    secret.chmod(0o600)
    monkeypatch.setenv("MILLESIME_SMTP_URL_FILE", str(secret))
    monkeypatch.setenv("MILLESIME_MAIL_FROM", "millesime@syndicat.example")
    monkeypatch.setenv("MILLESIME_MAIL_TO", "donnees@syndicat.example")
    yield kept
    controller.stop()


@pytest.fixture
def encrypting(server: Kept, tmp_path: Path) -> Iterator[tuple[Kept, Path]]:
    """A server that wants STARTTLS before anything, and its certificate, which nobody trusts yet."""
    openssl = shutil.which("openssl", path=PATHS) or unavailable("openssl", "openssl is not installed (.ci/run)")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = [
        str(openssl),
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    subprocess.run([*made, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    kept, seen = Kept(), []

    def known(_server: object, session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
        seen.append(session.ssl is not None)  # type: ignore[attr-defined]
        return AuthResult(success=all(seen) and data.password == b"mot de passe")  # type: ignore[attr-defined]

    options = {"tls_context": context, "require_starttls": True, "authenticator": known, "auth_required": True}
    controller = Controller(kept, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    (tmp_path / "smtp").write_text(f"smtp://millesime:mot%20de%20passe@localhost:{controller.port}", encoding="utf-8")
    yield kept, certificate
    controller.stop()


def test_a_server_that_can_encrypt_is_given_the_password_by_tls_alone(
    filled: Bench,  # noqa: F811
    encrypting: tuple[Kept, Path],
    monkeypatch: pytest.MonkeyPatch,
):
    kept, certificate = encrypting
    with pytest.raises(NotSent, match="son certificat n’est pas reconnu"):
        sent(filled, "2020-03-02")
    assert not kept.messages
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert sent(filled, "2020-03-02") and kept.messages


def post() -> Post:
    found = settings.post()
    assert found
    return found


def sent(bench: Bench, today: str) -> list[str]:  # noqa: F811
    with bench.work() as work:
        return [mail.subject for mail in send_due(work, post(), today)]


def with_contacts(bench: Bench) -> Bench:  # noqa: F811
    with bench.home.organisation_file.open("a", encoding="utf-8") as file:
        file.write(CONTACTS)
    return bench


def test_the_owner_of_a_refused_export_is_written_to_once_without_a_cell_or_a_file_name(bench: Bench, server: Kept):  # noqa: F811
    with_contacts(bench).drop(f"2019/personnel/agents {NAME}.csv", f"Identifiant;Patronyme\n{NAME};{NIR}\n")
    with bench.work() as work:
        assert collect(work, work.registry.export_of("personnel/agents"), 2019).status == "refused"
    assert sent(bench, "2019-06-03") == ["[ESSAI] export refusé : Agents 2019"]
    (mail,) = server.messages
    assert (mail["To"], mail["From"], mail["Reply-To"]) == (
        "rh@syndicat.example",
        "millesime@syndicat.example",
        "donnees@syndicat.example",
    )
    said = mail.get_content()
    assert "est refusé" in said and "Que faire : corriger l’export" in said and re.search(r"- FIC-[A-Z]+, ", said)
    assert not any(one in mail.as_string() + said for one in (NAME, "Zoé", NIR, "Patronyme", ".csv", "Canari"))
    assert sent(bench, "2019-06-03") == [] and len(server.messages) == 1
    bench.drop(f"2019/personnel/agents {NAME}.csv", "Autre\n1\n")
    with bench.work() as work:
        collect(work, work.registry.export_of("personnel/agents"), 2019)
    assert len(sent(bench, "2019-06-03")) == 1  # another refusal


def test_a_delivery_that_a_check_stopped_says_which_and_how_to_fix_it(bench: Bench, server: Kept):  # noqa: F811
    bench.drop("2019/personnel/agents_2019.csv", AGENTS_2019, "cp1252")
    bench.receive("personnel/agents", 2019, check("unique", False), check("autre", True))
    assert len(sent(bench, "2019-06-03")) == 1
    (mail,) = server.to("donnees@syndicat.example")  # nobody is declared: the operators are asked to pass it on
    said = mail.get_content()
    assert "La règle unique." in said and "Corriger unique." in said and "La règle autre." not in said
    assert "À transmettre à « Ressources humaines »" in said


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (-15, None),
        (-14, "rappel : 1\u00a0export de 2019"),
        (0, "rappel"),
        (1, "en retard : 1\u00a0export de 2019"),
        (8, "en retard"),
    ],
)
def test_an_owner_is_reminded_before_the_day_and_after_it(bench: Bench, server: Kept, days: int, told: str | None):  # noqa: F811
    due = dt.date(2020, 2, 15)
    sent(with_contacts(bench), (due + dt.timedelta(days)).isoformat())
    found = [mail["Subject"] for mail in server.to("regie@syndicat.example")]
    assert [f"[ESSAI] {told}" in one for one in found] == [True] * bool(told)


def test_a_reminder_comes_again_each_week_and_stops_once_the_export_came(filled: Bench, server: Kept):  # noqa: F811
    with_contacts(filled)
    for day in ("2021-02-01", "2021-02-10", "2021-02-16", "2021-02-17", "2021-02-22", "2021-02-23", "2021-03-02"):
        sent(filled, day)  # of 2020, for which nothing came
    assert len(server.to("regie@syndicat.example")) == 4  # before, the day after, then twice
    assert "était attendu avant le 15/02/2021" in server.to("regie@syndicat.example")[-1].get_content()
    filled.drop("2020/ventes/ventes_2020.csv", "N°;Jour;Montant\nV1;02/01/2020;10,50\n")
    filled.receive("ventes/ventes", 2020, check("ok", True))
    sent(filled, "2021-03-09")
    assert len(server.to("regie@syndicat.example")) == 4


def test_the_digest_comes_once_a_week_of_the_window(filled: Bench, server: Kept):  # noqa: F811
    assert [sent(filled, day) for day in ("2019-11-04", "2020-10-05")] == [[], []]
    digests = [one for day in ("2020-03-02", "2020-03-05", "2020-03-09") for one in sent(filled, day)]
    assert digests == ["[ESSAI] bilan de la semaine, exercice 2019"] * 2
    said = server.messages[0].get_content()
    assert (
        "L’exercice 2019 au 02/03/2020" in said
        and "2\u00a0reçus, 0\u00a0refusé, 0\u00a0attendu" in said
        and "Publié le : jamais" in said
    )


@pytest.mark.parametrize(("outcome", "said"), [(None, "aucune"), (True, "réussie"), (False, "en échec")])
def test_the_digest_says_how_the_last_build_ended(bench: Bench, server: Kept, outcome: bool | None, said: str):  # noqa: F811
    if outcome is not None:
        with bench.ledger() as ledger:
            ledger.record_build("a", not outcome, [], [])
            ledger.record_build("b", outcome, [], [])
    sent(bench, "2020-03-02")
    (digest,) = (mail for mail in server.messages if "bilan" in mail["Subject"])
    assert f"  Dernière construction : {said}" in digest.get_content().splitlines()


def test_every_mail_takes_the_head_of_the_ledger_along(filled: Bench, server: Kept):  # noqa: F811
    """Whoever keeps a mail notices a ledger that was cut off since."""
    assert sent(filled, "2020-03-02")
    with filled.work() as work:
        head = work.ledger.head()
        bodies = [mail.get_content() for mail in server.messages]
        bodies.append(failure_mail(work, post(), "annee", "1", []).body)
    line = f"Tête du registre\u00a0: {head.entries} {head.hash}"
    assert bodies and all(line in body for body in bodies)


def test_a_failure_names_steps_and_what_to_do(bench: Bench, server: Kept):  # noqa: F811
    with bench.work() as work:
        told = failure_mail(work, post(), "collect", "4f3c", ["personnel__agents"])
        send_each(bench.home, post(), [told], [])
    (mail,) = server.messages
    assert mail["Subject"] == "[ESSAI] échec du travail « collect »" and mail["To"] == "donnees@syndicat.example"
    assert "personnel__agents" in mail.get_content() and "Que faire" in mail.get_content()


def test_what_a_server_does_not_take_is_sent_another_time(filled: Bench, server: Kept, monkeypatch, tmp_path: Path):  # noqa: F811
    monkeypatch.setenv("MILLESIME_SMTP_URL", f"smtp://u:S3CRET@127.0.0.1:{free_port()}")
    with pytest.raises(NotSent, match="ne prend pas le message") as refused:
        sent(filled, "2020-03-02")
    assert "S3CRET" not in str(refused.value) and not filled.home.mailed.exists()
    monkeypatch.delenv("MILLESIME_SMTP_URL")
    assert len(sent(filled, "2020-03-02")) == 1 and len(server.messages) == 1


def test_a_secret_that_others_read_is_refused_and_so_is_half_a_setting(server: Kept, monkeypatch, tmp_path: Path):
    monkeypatch.delenv("MILLESIME_MAIL_TO")
    with pytest.raises(WrongSetting, match="MILLESIME_MAIL_TO"):
        settings.post()
    monkeypatch.setenv("MILLESIME_MAIL_TO", "donnees@syndicat.example")
    monkeypatch.setenv("MILLESIME_SMTP_URL", "smtp://millesime:%C3%A9@serveur.example")
    with pytest.raises(WrongSetting, match="sans accent"):
        settings.post()
    for wrong in ("smtp://[::1", "smtp://serveur.example:port", "http://serveur.example"):
        monkeypatch.setenv("MILLESIME_SMTP_URL", wrong)
        with pytest.raises(WrongSetting, match="de la forme"):
            settings.post()
    monkeypatch.delenv("MILLESIME_SMTP_URL")
    (tmp_path / "smtp").chmod(0o640)
    with pytest.raises(WrongSetting, match="chmod 600"):
        settings.post()


def test_an_address_is_that_of_an_owner(bench: Bench):  # noqa: F811
    with bench.home.organisation_file.open("a", encoding="utf-8") as file:
        file.write("contacts: {Regie: regie@syndicat.example}\n")
    done = bench.millesime("status", 2019)
    assert (
        done.exit_code == 2
        and "« Regie » n’est le propriétaire d’aucun export" in done.stderr
        and "Régie" in done.stderr
    )


def test_the_command_shows_and_sends(filled: Bench, server: Kept, clock, monkeypatch):  # noqa: F811
    clock("2020-03-02T00:00:00+00:00")
    shown = filled.millesime("mail", "--dry-run")
    assert "1\u00a0courriel à envoyer." in shown.stdout and "Que faire" in shown.stdout and not server.messages
    assert "1\u00a0courriel parti." in filled.millesime("mail").stdout and len(server.messages) == 1
    monkeypatch.delenv("MILLESIME_SMTP_URL_FILE")
    assert filled.millesime("mail").exit_code == 2
