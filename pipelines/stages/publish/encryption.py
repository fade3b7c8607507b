"""Explains in French why an encrypted connection to the server failed, without repeating the driver's own words.

The driver says that a certificate is not trusted but not why; the server is then asked for it once more, to get
OpenSSL's error number. Nothing is sent to a server whose certificate is refused.
"""

import socket
import ssl
import struct
from collections.abc import Mapping
from pathlib import Path

from psycopg import pq

SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # what a client of PostgreSQL sends before TLS begins
FAILURES = {  # what the driver's message contains → what failed; None when the server has to be asked
    "certificate verify failed": None,
    "does not match host name": "le certificat du serveur n’est pas au nom de cet hôte : écrire dans l’adresse le nom qu’il porte",
    "host name from server certificate": "le certificat du serveur ne porte aucun nom d’hôte",
    "root certificate file": "le fichier des autorités (sslrootcert) n’est pas là, ou ne se lit pas",
    "does not support SSL": "le serveur n’offre pas de connexion chiffrée, que sslmode demande",
    "SSL": "le serveur et ce poste ne s’accordent pas sur la connexion chiffrée",
}
AUTHORITY = "aucune autorité connue de ce poste (sslrootcert) n’a signé le certificat du serveur"
CERTIFICATES = {  # X509_V_ERR_… of OpenSSL, x509_vfy.h
    9: "le certificat du serveur n’est pas encore valable : l’horloge de ce poste est-elle juste ?",
    10: "le certificat du serveur est périmé",
    18: f"{AUTHORITY} : il s’est signé lui-même",
    19: AUTHORITY,
    20: AUTHORITY,
    21: AUTHORITY,
    23: "le certificat du serveur est révoqué",
}
UNKNOWN = f"{AUTHORITY}, ou il est périmé"


def failure_of(error: Exception, parameters: Mapping[str, str]) -> str | None:
    """The failure behind ``error``, met with these libpq parameters; None if it was not the encryption."""
    said = str(error)
    if "pg_hba" in said:  # an answer of the server about the account also says whether the connection was encrypted
        return None
    met = next((text for text in FAILURES if text in said), None)
    return (FAILURES[met] or CERTIFICATES.get(_refusal(parameters) or 0, UNKNOWN)) if met else None


def _refusal(parameters: Mapping[str, str]) -> int | None:
    """Why OpenSSL does not trust the server's certificate; None if unknown."""
    usual = {option.keyword.decode(): (option.val or b"").decode() for option in pq.Conninfo.get_defaults()}
    given = {**usual, **parameters}
    authorities = given["sslrootcert"] or str(Path.home() / ".postgresql" / "root.crt")
    try:
        context = ssl.create_default_context(cafile=None if authorities == "system" else authorities)
        context.check_hostname = False
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Python's own since 3.13: the driver asks for less
        address = (given.get("hostaddr") or given["host"], int(given["port"]))
        with socket.create_connection(address, timeout=float(given["connect_timeout"] or 10)) as plain:
            plain.sendall(SSL_REQUEST)
            if plain.recv(1) == b"S":
                context.wrap_socket(plain).close()
    except ssl.SSLCertVerificationError as refused:
        return refused.verify_code
    except (OSError, ValueError):
        pass
    return None
