"""Sends mail through the organisation's SMTP server, and never sends a password unencrypted."""

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from pipelines.disk import why
from pipelines.french import NO_BREAK
from pipelines.settings import Post, WrongSetting

SECONDS = 30  # time a server may take to answer
HERE = ("localhost", "127.0.0.1", "::1")


class NotSent(WrongSetting):
    """The server refuses a mail; the message contains no secret."""


@dataclass(frozen=True)
class Mail:
    """One mail; ``names`` are the things it reports, each of which is reported once."""

    names: tuple[str, ...]
    to: tuple[str, ...]
    subject: str
    body: str


def send(post: Post, mails: Iterable[Mail], sent: Callable[[Mail], None]) -> None:
    """Send mails, calling back for each once the server has it. Raises NotSent."""
    try:
        with _opened(post) as server:
            for mail in mails:
                server.send_message(_message(post, mail))
                sent(mail)
    except (OSError, smtplib.SMTPException) as error:
        said = why(error) if isinstance(error, OSError) and error.errno else "il se tait, ou rompt la conversation"
        if isinstance(error, socket.gaierror):
            said = "ce nom de serveur est inconnu"
        if isinstance(error, ssl.SSLError):  # its numbers are not the system's
            said = "son certificat n’est pas reconnu par ce poste, ou son chiffrement n’est pas conforme"
        if isinstance(error, smtplib.SMTPResponseException):
            said = f"il répond {error.smtp_code}"
        who = f"le serveur de courrier {post.host}:{post.port}"
        raise NotSent(f"{who} ne prend pas le message{NO_BREAK}: {said}") from None


def _opened(post: Post) -> smtplib.SMTP:
    context, in_clear = ssl.create_default_context(), not post.is_encrypted
    if in_clear:
        server = smtplib.SMTP(post.host, post.port, timeout=SECONDS)
    else:
        server = smtplib.SMTP_SSL(post.host, post.port, timeout=SECONDS, context=context)
    try:
        server.ehlo()
        if in_clear and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
            in_clear = False
        if post.user:
            if in_clear and post.host not in HERE:
                raise NotSent(f"{post.host} ne chiffre pas (STARTTLS){NO_BREAK}: le mot de passe ne lui est pas donné")
            server.login(post.user, post.password or "")
    except BaseException:
        with suppress(OSError):
            server.close()
        raise
    return server


def _message(post: Post, mail: Mail) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = post.sender, ", ".join(mail.to), mail.subject
    message["Reply-To"], message["Date"] = ", ".join(post.operators), formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=post.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # no automatic absence reply answers it
    message.set_content(mail.body, cte="quoted-printable")
    return message
