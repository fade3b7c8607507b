"""Whatever is changed, removed or added in the archive, the lake, the publication or a release is told."""

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.evidence.verify import verify
from pipelines.stages.publish.release import Inputs, Visas, write_release
from tests.cli.conftest import VENTES_2019, Bench, check


def problems(bench: Bench) -> list[str]:
    with bench.ledger() as ledger:
        return [problem.replace("\u00a0", " ") for problem in verify(bench.home, ledger).problems]


@pytest.fixture
def frozen(filled: Bench) -> Bench:
    """Two deliveries of the sales, the former one kept by a release, and a publication."""
    filled.home.warehouse.parent.mkdir(parents=True)
    with duckdb.connect(str(filled.home.warehouse)) as db:
        db.execute("create schema rapport; create table rapport.chiffres as select 'x' as code, 2019 as exercice")
    with filled.ledger() as ledger:
        manifests = [current.manifest for current in ledger.current().values()]
        inputs = Inputs("b1", "e1", "c1", manifests)
        write_release(filled.home, ledger, 2019, inputs, Visas("A", "B", "C"), None)
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V9;05/01/2019;1,00\n")
    filled.receive("ventes/ventes", 2019, check("ok", True))
    return filled


def the_only(bench: Bench, pattern: str) -> Path:
    """The file of the former delivery of the sales, or the first of several."""
    return sorted(bench.home.root.glob(pattern), key=lambda path: (path.stat().st_mtime_ns, path.name))[0]


def test_nothing_is_told_of_a_home_that_nobody_touched(frozen):
    assert problems(frozen) == []


FILES = [
    "archive/*",
    "lake/ventes/ventes/2019/*[0-9a-f].parquet",
    "lake/ventes/ventes/2019/*.refus.parquet",
    "lake/ventes/ventes/2019/*.ignores.parquet",
    "lake/ventes/*.json",
    "releases/2019-v1/rapport/chiffres.parquet",
    "releases/2019-v1/organisation.yml",
    "releases/2019-v1/release.json",
]


@pytest.mark.parametrize("pattern", FILES)
def test_a_file_of_a_former_delivery_or_of_a_release_that_changed_or_went_is_told(frozen, pattern):
    path = the_only(frozen, pattern)
    shown = str(path.relative_to(frozen.home.root))
    before = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(before[:-2] + b"#" + before[-1:])
    assert [p for p in problems(frozen) if p.startswith(shown)] == [f"{shown} : le fichier a été modifié"]
    path.unlink()
    told = [p for p in problems(frozen) if p.startswith(shown)]
    assert told and told[0].endswith("a disparu")


def edited(path: Path, change: Callable[[dict], None]) -> None:
    kept = json.loads(path.read_text(encoding="utf-8"))
    change(kept)
    path.write_text(json.dumps(kept), encoding="utf-8")


def reseal(kept: dict) -> None:
    """Change a version, and the fingerprint with it."""
    kept["code"] = "other"
    names = ("exercice", "build", "code", "lock", "deliveries", "decisions", "files")
    kept["fingerprint"] = fingerprint({name: kept[name] for name in names})


@pytest.mark.parametrize(
    "change",
    [
        reseal,
        lambda kept: kept.update(code="other"),
        lambda kept: kept["visas"].update(approved_by="D"),
        lambda kept: kept.update(reason="une autre"),
        lambda kept: kept["deliveries"].pop(),
        lambda kept: kept["files"].pop("organisation.yml"),
        lambda kept: kept.pop("ledger"),
        lambda kept: kept.update(ledger="rien"),
        lambda kept: kept.clear(),
    ],
)
def test_what_a_release_says_of_itself_is_what_the_ledger_entered(frozen, change):
    edited(frozen.home.releases / "2019-v1" / "release.json", change)
    assert "releases/2019-v1/release.json : le fichier a été modifié" in problems(frozen)


def test_the_head_that_a_release_keeps_is_compared_with_the_chain(frozen):
    edited(frozen.home.releases / "2019-v1" / "release.json", lambda kept: kept["ledger"].update(hash="0" * 64))
    assert [p for p in problems(frozen) if "que connaît 2019-v1 : la chaîne a été réécrite" in p]


def test_a_file_or_a_release_that_was_added_is_told(frozen):
    (frozen.home.releases / "2019-v1" / "rapport" / "autre.parquet").write_text("x")
    (frozen.home.releases / "2019-v2").mkdir()
    (frozen.home.releases / ".2019-v2.123").mkdir()  # what a killed release leaves
    assert problems(frozen) == [
        "releases/2019-v1/rapport/autre.parquet : le fichier a été ajouté",
        "releases/2019-v2 : le registre ne connaît pas cette version",
    ]


def test_the_manifest_of_the_publication_is_the_one_that_was_published(filled):
    filled.publish("('x', 2019, 1, 'EUR', 0, 'calculé', null, 'complet', 'X', 'd', 'f')")
    path = filled.home.published / "manifest.json"
    assert problems(filled) == []
    for damage in ('{"publication": "x", "build": "b1", "files": {}}', "{}", "[]", "rien", ""):
        path.write_text(damage, encoding="utf-8")
        assert problems(filled) == ["published/manifest.json : n’est pas le manifeste de la dernière publication"]
    path.unlink()
    assert problems(filled) == ["published/manifest.json : le fichier a disparu"]
