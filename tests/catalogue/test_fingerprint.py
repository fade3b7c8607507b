"""Fingerprints: equal content gives equal fingerprints, whatever the order of its keys."""

import datetime as dt
import hashlib
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.catalogue.fingerprint import code_of, engine_version, fingerprint
from tests.layers import Layer


def test_it_is_the_sha_256_of_canonical_json():
    value = {"b": [1, "é"], "a": {"d": None, "c": True}}
    written = '{"a": {"c": true, "d": null}, "b": [1, "é"]}'
    assert fingerprint(value) == hashlib.sha256(written.encode("utf-8")).hexdigest()
    assert fingerprint({"a": {"c": True, "d": None}, "b": [1, "é"]}) == fingerprint(value)
    assert fingerprint({"b": ["é", 1], "a": {"d": None, "c": True}}) != fingerprint(value)


@pytest.mark.parametrize(
    ("value", "written"), [(Decimal("1.50"), "1.50"), (dt.date(2020, 2, 1), "2020-02-01"), (Path("a/b"), "a/b")]
)
def test_what_json_has_not_is_a_text(value, written):
    assert fingerprint([value]) == fingerprint([written])


def test_the_version_of_the_engine_is_that_of_its_code_and_of_the_lock(shipped: Layer):
    one = engine_version()
    assert engine_version() == one
    shipped.write("requirements.lock", "changed")
    assert engine_version() != one
    codes = []
    for name in ("pipelines/a.py", "pipelines/p/page.html.j2", "pipelines/p/page.typ", "pipelines/notes.md"):
        shipped.write(name, "changed")
        codes.append(code_of.__wrapped__(shipped.root / "pipelines"))
    assert [sorted(code) for code in codes] == [
        ["a.py"],
        ["a.py", "p/page.html.j2"],
        *[["a.py", "p/page.html.j2", "p/page.typ"]] * 2,
    ]
    assert codes[0]["a.py"] == hashlib.sha256(b"changed").hexdigest()
    shipped.write("pipelines/a.py", "another")
    assert code_of.__wrapped__(shipped.root / "pipelines") != codes[-1]
