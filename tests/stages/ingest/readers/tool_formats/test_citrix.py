"""The gateway's syslog: each line that opens or closes a session is read once, without any client address."""

from pathlib import Path

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest.delivery import ingest
from tests.deliveries import KEY, Depot, Read

CANARY = "zz.canari"
# CTX200891 and CTX550269, and two real lines of public parsers' tests, users and addresses changed
LOGIN = (
    "Oct  9 14:07:51 <local0.info> 10.102.39.165 10/09/2020:12:07:51 GMT ns 0-PPE-0 : default SSLVPN LOGIN 36493 0 : "
    'Context {user}@192.0.2.1 - SessionId: 15- User {user} - Client_ip 192.0.2.1 - Nat_ip "Mapped Ip" - Vserver '
    '192.0.2.9:443 - Browser_type "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" - SSLVPN_client_type ICA - Group(s) "N/A"'
)
LOGOUT = (
    "Oct  9 14:44:08 <local0.info> 10.102.39.165 10/09/2020:12:44:08 GMT ns 0-PPE-0 : SSLVPN LOGOUT 11696 0 : "
    "Context {user}@192.0.2.1 sessionId: 15- User {user} - Client_ip 192.0.2.1 - Nat_ip 192.0.2.7 - Vserver "
    '192.0.2.9:443 - Start_time "10/09/2020:12:07:51 GMT" - End_time "10/09/2020:12:44:08 GMT" - Duration 00:36:17  - '
    'Total_bytes_send 0 - Compression_ratio_recv 0.00% - LogoutMethod "TimedOut" - Group(s) "N/A"'
)
OTHERS = (
    "11/30/2020:17:40:17 GMT ns 0-PPE-1 : SSLVPN TCPCONNSTAT 2583604 0 : Context {user}@192.0.2.1 - User {user} - Source x",
    'May 6 15:28:29 <local0.debug> 192.0.2.5 05/06/2020:15:28:29 GMT ns 0-PPE-0 : default AAA Message 36460 0 : "AAA LOGIN REQ"',
    'x 05/06/2020:15:28:29 GMT ns 0-PPE-0 : default GUI CMD_EXECUTED 1 0 : Command "grep SSLVPN LOGIN ns.log"',
)


@pytest.fixture
def gateway(depot: Depot):
    """Ingest the text of several log files."""
    depot.ref = load_catalogue().registry.export_of("citrix/journal")

    def read(*texts: str) -> Read:
        names = [f"passerelle_{rank}.log" for rank in range(len(texts))]
        paths = [depot.drop(text.format(user=CANARY), name) for text, name in zip(texts, names, strict=True)]
        return depot.read(ingest(depot.home, depot.ref, 2020, paths, KEY))

    return read


def test_sessions_are_read_and_other_lines_are_counted(gateway) -> None:
    read = gateway("\n".join([LOGIN, *OTHERS, "", LOGOUT]) + "\n")
    assert read.counts == (6, 2, 0, 4)
    assert read.ignored == [(n, "autre événement de la passerelle") for n in (2, 3, 4)] + [(5, "ligne vide")]
    login, logout = read.rows
    assert (login["type_evenement"], login["id_session"], login["type_client"], login["debut_utc"]) == (
        "Ouverture",
        "15",
        "ICA",
        None,
    )
    assert str(login["horodatage_utc"]) == str(logout["debut_utc"]) == "2020-10-09 12:07:51"
    assert str(logout["horodatage_utc"]) == "2020-10-09 12:44:08"
    assert logout["type_evenement"] == "Fermeture"
    assert login["identifiant"] == logout["identifiant"] and login["identifiant"].startswith("k1:")


def test_neither_user_nor_address_enters_the_lake(gateway, depot: Depot) -> None:
    gateway("\n".join([LOGIN, LOGOUT, OTHERS[0], LOGIN.replace("SessionId: 15- ", "")]) + "\n")
    stored = b"\n".join(depot.lake_files().values())
    assert CANARY.encode() not in stored
    assert b"192.0.2" not in stored


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        (LOGIN.replace("SessionId: 15- ", ""), {("SessionId", "LIG-OBLIGATOIRE"), ("User", "LIG-OBLIGATOIRE")}),
        (LOGIN.replace("SessionId: 15- User {user} - Cl", "SessionId: 15- User  - Cl"), {("User", "LIG-OBLIGATOIRE")}),
        (LOGIN[:140], {("SessionId", "LIG-OBLIGATOIRE"), ("User", "LIG-OBLIGATOIRE")}),  # cut by the syslog server
        (LOGIN.replace("12:07:51 GMT", "12:07:51"), {("Time", "LIG-TYPE")}),  # local time, nobody says which
        (LOGIN.replace("10/09/2020", "13/40/2020"), {("Time", "LIG-TYPE")}),
        (LOGIN.replace("10/09/2020:12:07:51", "illisible"), {("Time", "LIG-OBLIGATOIRE")}),
    ],
)
def test_a_misshapen_event_is_refused_with_its_line(gateway, line: str, rules: set) -> None:
    read = gateway("\n".join([LOGIN, line, LOGOUT]) + "\n")
    assert read.counts == (3, 2, 1, 0)
    assert {(row["colonne"], row["regle"]) for row in read.refused} == rules
    assert {row["_ligne"] for row in read.refused} == {2}
    assert {row["recu"] for row in read.refused} == {None}


def test_rotated_files_are_one_delivery(gateway) -> None:
    read = gateway(LOGIN, LOGOUT + "\r\n")  # the first one without its last line end
    assert [(row["_fichier"], row["_ligne"]) for row in read.rows] == [("passerelle_0.log", 1), ("passerelle_1.log", 1)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "FIC-VIDE"),
        (b"\x1f\x8b\x08\x00\x00\x00", "FIC-NATURE"),  # still compressed
        (b"Oct  9 14:07:51 sshd[12]: SSLVPN LOGIN of nobody\n", "FIC-NATURE"),
        (LOGIN.replace("Windows", "Windôws").encode("latin-1"), "FIC-ENCODAGE"),
    ],
)
def test_what_is_no_gateway_log_is_refused(depot: Depot, content: bytes, code: str) -> None:
    depot.ref = load_catalogue().registry.export_of("citrix/journal")
    path = depot.drop(content, "passerelle.log")
    with pytest.raises(DeliveryRefused) as caught:
        ingest(depot.home, depot.ref, 2020, [path], KEY)
    assert caught.value.code == code
    assert caught.value.fichier == Path(path).name
    assert depot.lake_files() == {}
