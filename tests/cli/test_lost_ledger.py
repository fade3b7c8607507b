"""If the ledger's file is lost or damaged, every command that reads the home says so in one sentence and leaves it as it is."""

import random

import pytest

from pipelines.cli.app import BROKEN
from tests.cli.conftest import Bench

FIGURE = "('essai.ventes.total', 2019, 14.50::decimal(20,6), 'EUR', 2, 'calculé', null, 'partiel', 'T', 'e', 'f')"
BY = ("--prepared-by", "A", "--reviewed-by", "B", "--approved-by", "C")
COMMANDS = [
    ("status", "2019"),
    ("rejects", "2019"),
    ("findings", "2019"),
    ("figures", "2019"),
    ("report", "2019"),
    ("audit", "2019"),
    ("run", "2019"),
    ("check", "{landing}/2019/ventes/ventes_2019.csv"),
    ("decide", "0", "--because", "vu", "--by", "A"),
    ("release", "2019", *BY),
    ("export", "2019"),
    ("trace", "--file", "ventes_2019.csv", "--line", "2"),
    ("verify",),
    ("purge", "--dry-run"),
    ("key",),
    ("explain", "PUB-ECART"),
    ("compare", "2019-v1"),
    ("replay", "2019-v1"),
]
FLIPS = 60


@pytest.fixture
def published(filled: Bench) -> Bench:
    filled.publish(FIGURE)
    return filled


def said(bench: Bench, *command: str) -> tuple[int, str]:
    result = bench.millesime(*(part.format(landing=bench.home.landing) for part in command))
    return result.exit_code, result.stderr


@pytest.mark.parametrize("loss", [None, b"", b"\0" * 9999, "Ceci n’est pas un registre.".encode() * 99])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_command_refuses_a_file_that_is_no_ledger(published: Bench, command, loss: bytes | None):
    file = published.home.ledger_file
    if loss is None:
        file.unlink()
    else:
        file.write_bytes(loss)
    code, message = said(published, *command)
    assert (code, message.count("\n")) == (1, 1), message
    assert message.startswith(f"Erreur : le registre ({file}) ")
    assert (file.read_bytes() if file.exists() else None) == loss


def test_no_byte_that_is_flipped_makes_a_command_break(published: Bench):
    file, chance = published.home.ledger_file, random.Random(15)
    whole, told = file.read_bytes(), 0
    written = [place for place, byte in enumerate(whole) if byte]
    for place in [*range(16, 100, 7), *chance.sample(written, FLIPS)]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        for command in chance.sample(
            [one for one in COMMANDS if one[0] not in ("run", "audit", "report", "export")], 3
        ):
            file.write_bytes(damaged)
            code, message = said(published, *command)
            assert code != BROKEN and "Traceback" not in message, (place, command, message)
            told += "est abîmé" in message
    assert told > FLIPS
