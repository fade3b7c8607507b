"""Reads the syslog of a Citrix Gateway: one record per line that opens or closes a session.

    Oct  9 14:07:51 <local0.info> 10.0.0.5 10/09/2014:12:07:51 GMT ns 0-PPE-0 : default SSLVPN LOGIN 11590 0 :
    Context a@1.2.3.4 - SessionId: 15- User a - Client_ip 1.2.3.4 - … - SSLVPN_client_type ICA - Group(s) "N/A"

(on one line). ``LOGOUT`` lines also hold Start_time and LogoutMethod (Citrix CTX200891 and CTX550269). Times are those
inside the message, which says GMT, never the syslog header's, which is local and has no year. Any other line (traffic,
applications, authentication messages) is set apart. Client addresses are not read at all.

What makes a session out of these lines is dbt's work.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest.readers.plain_lines import BLANK, Line, read_lines, write_records
from pipelines.stages.ingest.readers.records import Records, count_lines

COLUMNS = ["Event", "Time", "SessionId", "User", "SSLVPN_client_type", "Start_time", "LogoutMethod"]
OTHER = "autre événement de la passerelle"
MARK = "SSLVPN LOG"  # a plain search finds these first, so most lines need nothing more

_TIME = r"\d\d/\d\d/\d{4}:\d\d:\d\d:\d\d(?: [A-Z]{2,5})?"
_STAMPED = re.compile(rf" {_TIME} ")
_EVENT = re.compile(r": \[?(?:default ?)?\]?SSLVPN (?P<event>LOGIN|LOGOUT) ")
_OF_EVENT = re.compile(rf" (?P<time>{_TIME}) [^:]*$")
_SESSION = re.compile(r"(?<= )[Ss]ession[Ii]d: ?(\d+) ?- User ")
_AFTER_USER = "- Client_ip "
_LONGEST_USER = 1000
_DETAIL = re.compile(r' - (SSLVPN_client_type|Start_time|LogoutMethod) (?:"([^"]*)"|(\S+))')


def read(path: Path, fichier: str, tables: list[str], workdir: Path) -> dict[str, Records]:
    """Read ``path``, delivered as ``fichier``, into the one requested table.

    A LOGIN or LOGOUT line without its time, session or user is a record with empty cells, which the typing then
    refuses. Raises DeliveryRefused: FIC-VIDE, FIC-ENCODAGE, or FIC-NATURE when no line comes from a gateway.
    """
    (table,) = tables
    lines = _events(path, fichier)
    return {table: write_records(workdir / f"{table}.csv", COLUMNS, lines, count_lines(path))}


def _events(path: Path, fichier: str) -> Iterator[Line]:
    is_gateway = False
    for number, text in read_lines(path, fichier):
        is_gateway = is_gateway or _STAMPED.search(text) is not None
        event = _EVENT.search(text) if MARK in text else None
        if event:
            yield number, _cells(event, text)
        else:
            yield number, OTHER if text.strip() else BLANK
    if not is_gateway:
        raise DeliveryRefused("FIC-NATURE", fichier=fichier, attendu="le journal syslog d’une passerelle Citrix")


def _cells(event: re.Match, text: str) -> list[str]:
    time = _OF_EVENT.search(text, 0, event.start())
    session, user = _session(text, event.end() - 1)
    details = {name: quoted or bare for name, quoted, bare in _DETAIL.findall(text, event.end())}
    return [
        event["event"],
        time["time"] if time else "",
        session,
        user,
        details.get("SSLVPN_client_type", ""),
        details.get("Start_time", "").strip(),
        details.get("LogoutMethod", ""),
    ]


def _session(text: str, start: int) -> tuple[str, str]:
    """The session and its user, the first soon followed by a client. A line may repeat a session a million times: the client
    is not looked for again until it is behind.
    """
    client = start
    for found in _SESSION.finditer(text, start):
        user = found.end()
        if client < user and (client := text.find(_AFTER_USER, user)) < 0:
            break
        end = client - text.endswith(" ", user, client)
        if end - user <= _LONGEST_USER:
            return found[1], text[user:end]
    return "", ""
