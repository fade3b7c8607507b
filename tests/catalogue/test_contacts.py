"""The addresses of owners are in no frozen version and in nothing that is published."""

import hashlib

import pytest

from pipelines.catalogue.organisation import declaration_of
from pipelines.runs.state import facts
from tests.cli.conftest import Bench, bench, declared, make_bench  # noqa: F401


@pytest.mark.parametrize(
    "contacts",
    [
        "contacts: {Régie: regie@syndicat.example}\n",
        "contacts:\n  Régie: regie@syndicat.example\n\n  # la seconde\n  Ressources humaines: rh@syndicat.example\n",
        "contacts: {\n  Régie: regie@syndicat.example\n}\n",
    ],
)
def test_an_address_that_is_declared_or_changed_makes_no_other_version(bench: Bench, contacts: str):  # noqa: F811
    file = bench.home.organisation_file
    before = file.read_bytes()
    for text in (before + contacts.encode(), contacts.encode() + before):
        file.write_bytes(text)
        assert declaration_of(bench.home) == hashlib.sha256(before).hexdigest()
        with bench.work() as work:
            assert work.organisation.contacts["Régie"] == "regie@syndicat.example"
            assert "regie@" not in str(facts(work, "b", []))
    file.write_bytes(before.replace(b"ESSAI", b"AUTRE") + contacts.encode())
    assert declaration_of(bench.home) != hashlib.sha256(before).hexdigest()
