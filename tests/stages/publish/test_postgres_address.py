"""Messages about the server's address: never a part of its password, but the reason why an encrypted connection failed."""

import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from pipelines.settings import Server
from pipelines.stages.publish.postgres import NotServed, _connected, _parameters
from tests.services import free_port, listening, unavailable


@pytest.mark.parametrize(
    "password",
    ["pa@S3CRET", "pa/S3CRET", "1/S3CRET", "pa@S3CRET/x", "pa@x/S3CRET", "@S3CRET", "pa#/S3CRET"],
)
def test_no_part_of_an_unescaped_password_is_repeated(password):
    with pytest.raises(NotServed) as refused:
        _parameters(f"postgresql://publie:{password}@bi.example:5432/bi")
    assert "S3CRET" not in str(refused.value) and "MILLESIME_PUBLISH_URL" in str(refused.value)


def test_one_that_is_escaped_is_the_password():
    where, given = _parameters("postgresql://publie:pa%40S3%2FCRET@bi.example:5432/bi")
    assert (where, given["password"]) == ("PostgreSQL bi.example/bi", "pa@S3/CRET")


def refusal(address: str) -> str:
    """What the message says of an address that fails."""
    with pytest.raises(NotServed) as refused, _connected(Server(address, "interne", "lecture", "")):
        pass
    assert "S3CRET" not in str(refused.value)
    return str(refused.value)


def openssl(folder: Path, *arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        unavailable("OpenSSL 3.4", done.stderr[-800:])


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Path:
    """Two authorities, and what ``ca`` signed for localhost: a good certificate, a late one, an early one."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("ca", "autre"):
        made = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -keyout {name}.key -out {name}.crt"
        openssl(folder, *made.split())
    key = (
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout s.key -out s.csr"
    )
    openssl(folder, *key.split())
    for name, days in {"bon": (2020, 2999), "tard": (2020, 2021), "tot": (2998, 2999)}.items():
        dates = "-not_before {}0101000000Z -not_after {}0101000000Z".format(*days)
        sign = f"x509 -req -in s.csr -CA ca.crt -CAkey ca.key -copy_extensions copy {dates} -out {name}.crt"
        openssl(folder, *sign.split())
    return folder


@pytest.mark.parametrize(
    ("certificate", "authorities", "host", "told"),
    [
        ("bon", "ca.crt", "127.0.0.1", "n’est pas au nom de cet hôte"),
        ("bon", "autre.crt", "localhost", "aucune autorité connue de ce poste (sslrootcert) n’a signé"),
        ("autre", "ca.crt", "localhost", "il s’est signé lui-même"),
        ("tard", "ca.crt", "localhost", "le certificat du serveur est périmé. "),
        ("tot", "ca.crt", "localhost", "n’est pas encore valable"),
        ("bon", "absent.crt", "localhost", "le fichier des autorités (sslrootcert) n’est pas là"),
    ],
)
def test_a_refused_certificate_is_reported_by_what_is_wrong_with_it(certificates, certificate, authorities, host, told):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    key = "autre.key" if certificate == "autre" else "s.key"
    context.load_cert_chain(certificates / f"{certificate}.crt", certificates / key)

    def answer(client: socket.socket) -> None:
        client.sendall(b"S")
        context.wrap_socket(client, server_side=True).recv(1)

    with listening(answer) as port:
        kept = f"sslmode=verify-full&sslrootcert={certificates / authorities}"
        said = refusal(f"postgresql://publie:S3CRET@{host}:{port}/bi?{kept}")
    assert told in f"{said}. " and "n’est pas joignable" not in said


def test_a_server_without_encryption_is_called_so():
    with listening(lambda client: client.sendall(b"N")) as port:
        said = refusal(f"postgresql://publie:S3CRET@127.0.0.1:{port}/bi?sslmode=require")
    assert "n’offre pas de connexion chiffrée" in said


def test_what_answers_without_speaking_encryption_is_called_so():
    with listening(lambda client: client.sendall(b"HTTP/1.1 400 Bad Request\r\n")) as port:
        said = refusal(f"postgresql://publie:S3CRET@127.0.0.1:{port}/bi?sslmode=require")
    assert "ne s’accordent pas" in said


def test_where_nothing_listens_the_server_is_not_reachable():
    assert "n’est pas joignable" in refusal(
        f"postgresql://u:S3CRET@127.0.0.1:{free_port()}/x?sslmode=verify-full&sslrootcert=system"
    )
