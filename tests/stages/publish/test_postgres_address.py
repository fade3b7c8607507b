"""What messages say of the server's address: never a part of its password, and what failed of an encrypted connection."""

import socket
import threading

import pytest

from pipelines.settings import Server
from pipelines.stages.publish.postgres import NotServed, _connected, _parameters


@pytest.mark.parametrize(
    "password",
    ["pa@S3CRET", "pa/S3CRET", "1/S3CRET", "pa@S3CRET/x", "pa@x/S3CRET", "@S3CRET", "pa#/S3CRET"],
)
def test_no_part_of_a_password_that_is_not_escaped_is_told(password):
    with pytest.raises(NotServed) as refused:
        _parameters(f"postgresql://publie:{password}@bi.example:5432/bi")
    assert "S3CRET" not in str(refused.value) and "MILLESIME_PUBLISH_URL" in str(refused.value)


def test_one_that_is_escaped_is_the_password():
    where, given = _parameters("postgresql://publie:pa%40S3%2FCRET@bi.example:5432/bi")
    assert (where, given["password"]) == ("PostgreSQL bi.example/bi", "pa@S3/CRET")


def test_a_server_without_encryption_is_told_as_such():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.recv(8)
                    client.sendall(b"N")  # no encrypted connection here

        threading.Thread(target=answer, daemon=True).start()
        url = f"postgresql://publie:S3CRET@127.0.0.1:{server.getsockname()[1]}/bi?sslmode=require"
        with (
            pytest.raises(NotServed, match="n’offre pas de connexion chiffrée") as refused,
            _connected(Server(url, "interne", "lecture", "")),
        ):
            pass
        assert "S3CRET" not in str(refused.value)
