"""A home's dbt project: composed in its own folder, rewritten only where it differs, repaired if changed, and readable by dbt."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from pipelines.catalogue.dbt import compose as module
from pipelines.catalogue.dbt.compose import complete, compose, project_files
from pipelines.catalogue.dbt.generated import ORIGIN, generated
from pipelines.catalogue.dbt.project import COMPOSED
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.settings import Home
from pipelines.stages.transform import dbt
from tests.layers import Layer

MODELS = "dbt_project/models/rapport"
ENTRIES = {"models": [{"name": "rpt_a", "description": "Le A."}, {"name": "rpt_b", "description": "Le B."}]}


@pytest.fixture
def shipped(shipped: Layer) -> Layer:
    """A small dbt project: two models, a macro and a test."""
    shipped.fact("fct_libre", "libre__lignes")
    field = {"name": "code", "title": "Code", "description": "Un code."}
    table = {"name": "lignes", "title": "Lignes", "fields": [field]}
    export = {"name": "lignes", "title": "Lignes", "files": "*.csv", "format": {"type": "csv"}, "tables": [table]}
    shipped.write(
        "catalogue/systems/libre.yml", {"system": "libre", "title": "Libre", "owner": "quelqu’un", "exports": [export]}
    )
    fields = (shipped.root / "catalogue" / "fields.yml").read_text(encoding="utf-8")
    shipped.write("catalogue/fields.yml", f"{fields}\nun: {{title: Un, description: Le un.}}\n")
    shipped.write(f"{MODELS}/rpt_a.sql", "select {{ un() }} as un\n")
    shipped.write(f"{MODELS}/rpt_b.sql", "select * from {{ ref('rpt_a') }}\n")
    shipped.write(f"{MODELS}/_models.yml", {"version": 2, **ENTRIES})
    shipped.write("dbt_project/macros/un.sql", "{% macro un() %}1{% endmacro %}\n")
    shipped.write("dbt_project/tests/test_a.sql", "select * from {{ ref('rpt_a') }} where un <> 1\n")
    return shipped


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir()
    return Home(tmp_path / "home")


def composed(shipped: Layer, home: Home) -> str:
    return compose(shipped.catalogue(home), home)


def files(folder: Path) -> dict[str, str]:
    """What is in a folder, but what dbt writes."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in module.NOT_OURS
    }


def times(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_mtime_ns for name in files(folder)}


def last_composed(home: Home) -> int:
    """When the project was last composed, as it notes itself."""
    return (home.dbt / "target" / module.MARK).stat().st_mtime_ns


def written_again(before: dict[str, int], folder: Path) -> set[str]:
    after = times(folder)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def model(home: Home, name: str, text: str, folder: str = "rapport") -> Path:
    return Layer(home.root).write(f"dbt_project/models/{folder}/{name}.sql", text)


def test_the_project_holds_what_is_written_and_what_is_generated_and_nothing_else(shipped, home):
    composed(shipped, home)
    expected = project_files(shipped.catalogue(home))
    found = files(home.dbt)
    assert {name: text for name, text in found.items() if name != "profiles.yml"} == expected
    assert {"dbt_project.yml", "models/rapport/rpt_a.sql", "macros/un.sql", "tests/test_a.sql"} <= found.keys()
    assert "models/composed/staging/libre/_libre__sources.yml" in found
    (profile,) = yaml.safe_load(found["profiles.yml"]).values()
    assert profile["outputs"].pop("spark")["method"] == "session"
    paths = {name: output["path"] for name, output in profile["outputs"].items()}
    assert paths == {"entrepot": str(home.warehouse_next), "analyste": str(home.warehouse_analyst)}
    assert profile["target"] == "analyste"  # what dbt's own commands touch
    for output in profile["outputs"].values():  # no network, and no setting that dbt repeats for each node
        assert "settings" not in output
        assert not output["config_options"]["autoinstall_known_extensions"]


def test_a_home_that_moved_has_another_profile_and_the_same_project(shipped, home):
    one = composed(shipped, home)
    before = files(home.dbt)
    moved = Home(home.root.rename(home.root.with_name("moved")))
    assert composed(shipped, moved) == one
    after = files(moved.dbt)
    assert {name for name in before if before[name] != after[name]} == {"profiles.yml"}
    assert str(moved.warehouse_next) in after["profiles.yml"]


def test_what_is_shipped_is_never_written_in(shipped, home):
    model(home, "rpt_a", "select 2 as un\n")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in shipped.root.rglob("*") if path.is_file()}
    composed(shipped, home)
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in shipped.root.rglob("*") if path.is_file()}
    assert after == before


def test_what_dbt_and_make_setup_write_beside_what_is_shipped_is_nobody_s_declaration(shipped, home, monkeypatch):
    one, catalogue = composed(shipped, home), shipped.catalogue(home)
    monkeypatch.setenv("MILLESIME_SHIPPED", str(shipped.root))
    before = files(shipped.root)
    complete()
    folder = f"dbt_project/{COMPOSED}/"
    written = {path.removeprefix(folder): text for path, text in files(shipped.root).items() if path not in before}
    assert written == {path.removeprefix(f"{COMPOSED}/"): text for path, text in generated(catalogue).items()}
    assert {text.partition("\n")[0] for text in written.values()} == set(ORIGIN.values())
    shipped.write(f"{folder}rapport/rpt_z.sql", "select {{ inconnue() }}\n")
    shipped.write(f"{folder}rapport/_z.yml", {"models": [{"name": "rpt_a"}, {"name": "rpt_z"}]})
    shipped.write("dbt_project/target/compiled/rpt_a.sql", "select 2 as un\n")
    assert shipped.catalogue(home) is catalogue
    touched = Catalogue(shipped.root, None)
    assert touched.fingerprint == catalogue.fingerprint and project_files(touched) == project_files(catalogue)
    assert composed(shipped, home) == one
    complete()
    assert "rpt_z" not in str(files(shipped.root).keys())


def test_a_home_declares_nothing_where_the_composer_writes(shipped, home):
    path = model(home, "rpt_c", "select 3 as un\n", "composed/rapport")
    with pytest.raises(DeclarationError, match=f"{path}: rien ne se déclare à cet endroit"):
        composed(shipped, home)


def test_nothing_is_written_when_nothing_has_changed(shipped, home):
    one = composed(shipped, home)
    before, made = times(home.dbt), last_composed(home)
    assert composed(shipped, home) == one
    assert written_again(before, home.dbt) == set() and last_composed(home) == made


def test_only_files_whose_bytes_differ_are_written(shipped, home):
    one = composed(shipped, home)
    before = times(home.dbt)
    shipped.write(f"{MODELS}/rpt_b.sql", "select un from {{ ref('rpt_a') }}\n")
    two = composed(shipped, home)
    assert written_again(before, home.dbt) == {"models/rapport/rpt_b.sql"}
    shipped.write("catalogue/rules.yml", f"# une remarque\n{(shipped.root / 'catalogue/rules.yml').read_text()}")
    assert composed(shipped, home) == two != one
    shipped.write(f"{MODELS}/rpt_b.sql", "select * from {{ ref('rpt_a') }}\n")
    assert composed(shipped, home) == one


def test_a_file_that_is_gone_goes_and_dbt_s_memory_with_it(shipped, home):
    composed(shipped, home)
    memories = [home.dbt / "target" / "partial_parse.msgpack", home.dbt_target / "partial_parse.msgpack"]
    kept = home.dbt / "logs" / "dbt.log"
    for path in (*memories, kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mémoire", encoding="utf-8")
    shipped.write(f"{MODELS}/rpt_b.sql", "select un from {{ ref('rpt_a') }}\n")
    composed(shipped, home)
    assert all(path.exists() for path in memories)  # the same files, one of them changed
    shipped.write("dbt_project/tests/test_b.sql", "select * from {{ ref('rpt_b') }} where un <> 1\n")
    composed(shipped, home)
    assert not any(path.exists() for path in memories) and kept.exists()
    memories[0].write_text("mémoire", encoding="utf-8")
    (shipped.root / "dbt_project" / "tests" / "test_b.sql").unlink()
    composed(shipped, home)
    assert not (home.dbt / "tests" / "test_b.sql").exists() and not memories[0].exists()


@pytest.mark.parametrize("what", ["edited", "removed", "added", "folder"])
def test_what_somebody_does_to_the_composed_files_is_undone(shipped, home, what):
    one = composed(shipped, home)
    before = files(home.dbt)
    path = home.dbt / "models" / "rapport" / "rpt_a.sql"
    if what == "edited":
        path.write_text("select 3 as un\n", encoding="utf-8")
    elif what == "removed":
        path.unlink()
    elif what == "added":
        path.with_name("rpt_c.sql").write_text("select 3 as un\n", encoding="utf-8")
    else:
        shutil.rmtree(home.dbt)
    assert composed(shipped, home) == one
    assert files(home.dbt) == before


def test_another_version_of_the_tool_composes_again(shipped, home):
    composed(shipped, home)
    made = last_composed(home)
    shipped.write("requirements.lock", "d’autres versions")
    composed(shipped, home)
    assert last_composed(home) != made


def test_a_refused_catalogue_leaves_the_project_as_it_was(shipped, home):
    composed(shipped, home)
    before = files(home.dbt)
    model(home, "rpt_c", "select * from {{ ref('rpt_rien') }}\n")
    with pytest.raises(DeclarationError, match="demande le modèle « rpt_rien »"):
        composed(shipped, home)
    assert files(home.dbt) == before


# the home's own ------------------------------------------------------------


def test_a_model_of_the_home_takes_the_place_of_the_shipped_one_wherever_it_stands(shipped, home):
    model(home, "rpt_a", "select 2 as un\n", "rapport/a_nous")
    composed(shipped, home)
    found = files(home.dbt)
    assert [name for name in found if name.endswith("rpt_a.sql")] == ["models/rapport/a_nous/rpt_a.sql"]
    entries = yaml.safe_load(found["models/rapport/_models.yml"])["models"]
    assert entries == ENTRIES["models"]  # its description stays


def test_an_entry_of_the_home_takes_the_place_of_the_whole_shipped_one(shipped, home):
    own = {"name": "rpt_a", "columns": [{"name": "un", "data_type": "integer"}]}
    Layer(home.root).write(f"{MODELS}/a_nous.yml", {"version": 2, "models": [own]})
    composed(shipped, home)
    found = files(home.dbt)
    assert yaml.safe_load(found["models/rapport/_models.yml"])["models"] == ENTRIES["models"][1:]
    (entry,) = yaml.safe_load(found["models/rapport/a_nous.yml"])["models"]
    assert entry == {"name": "rpt_a", "columns": [{**own["columns"][0], "description": "{{ doc('un') }}"}]}


def test_a_yaml_file_of_the_home_adds_to_the_shipped_one_of_its_name(shipped, home):
    own = {"name": "rpt_c", "description": "Le C."}
    model(home, "rpt_c", "select 3 as un\n")
    Layer(home.root).write(f"{MODELS}/_models.yml", {"version": 2, "models": [own]})
    composed(shipped, home)
    found = yaml.safe_load(files(home.dbt)["models/rapport/_models.yml"])
    assert found["models"] == [*ENTRIES["models"], own]


@pytest.mark.parametrize("how", ["entry", "config", "empty"])
def test_a_model_that_is_switched_off_goes_with_its_description(shipped, home, how):
    if how == "entry":
        Layer(home.root).write(f"{MODELS}/off.yml", {"models": [{"name": "rpt_b", "enabled": False}]})
    else:
        model(home, "rpt_b", {"config": "{{ config(enabled=false) }}\nselect 1\n", "empty": "-- rien\n"}[how])
    composed(shipped, home)
    found = files(home.dbt)
    assert not [name for name in found if name.endswith("rpt_b.sql")]
    assert yaml.safe_load(found["models/rapport/_models.yml"])["models"] == ENTRIES["models"][:1]


# dbt itself ------------------------------------------------------------


@pytest.mark.campaign(minutes=1)
def test_dbt_reads_the_project_once_and_again_when_it_changes(shipped, home):
    def read() -> dict[str, dict]:
        manifest = json.loads(dbt.parse(shipped.catalogue(home), home).read_text(encoding="utf-8"))
        return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}

    first = read()
    assert {"rpt_a", "rpt_b", "fct_libre", "int_fct_libre", "fct_lignes_signalees"} <= first.keys()
    assert first["rpt_b"]["description"] == "Le B."
    written = dbt.parse(shipped.catalogue(home), home).stat()
    assert read() == first and dbt.parse(shipped.catalogue(home), home).stat() == written
    for off in (True, False):  # dbt loses what is said of a model that goes and comes back, unless it forgets all
        path = Layer(home.root).write(f"{MODELS}/off.yml", {"models": [{"name": "rpt_b", "enabled": False}]})
        if not off:
            path.unlink()
        found = read()
        assert ("rpt_b" in found) is not off
    assert found["rpt_b"]["description"] == "Le B."


def test_what_dbt_cannot_read_is_reported_in_its_own_words(shipped, home):
    model(home, "rpt_c", "select {% inconnue %} as un\n")
    with pytest.raises(DeclarationError, match="(?s)dbt ne peut pas lire .*unknown tag .inconnue."):
        dbt.parse(shipped.catalogue(home), home)
