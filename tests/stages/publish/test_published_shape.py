"""What is promised to readers cannot be removed silently: contracts, and how a publication applies them."""

import shutil
from pathlib import Path

import duckdb
import pytest
import yaml
from click.testing import CliRunner, Result

from pipelines.catalogue.contracts import ContractBroken
from pipelines.cli.app import BLOCKED, DONE, millesime
from pipelines.ledger.store import open_ledger
from pipelines.runs import publish as runs
from pipelines.runs.outcome import Ending, ending_of
from pipelines.stages.publish.published_shape import shape_published, shape_to_publish
from tests.deliveries import Depot
from tests.stages.publish.publication import keyed, publish_small
from tests.stages.transform.conftest import Lab

RENAMED = "alter table marts.fct_depenses drop column part; alter table marts.fct_depenses rename objet to intitule;"


@pytest.fixture
def lab(depot: Depot, monkeypatch) -> Lab:
    """Its layer is the shipped one for the command line too."""
    monkeypatch.setenv("MILLESIME_SHIPPED", str(depot.layer.root))
    lab = keyed(Lab(depot))
    for path in ("rpt_propre.sql", "rpt_propre.yml"):
        entry = {"version": 2, "models": [{"name": "rpt_propre", "description": "Une table du dossier."}]}
        text = "select 1 as un" if path.endswith("sql") else yaml.safe_dump(entry)
        own = lab.home.root / "dbt_project" / "models" / "rapport" / path
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(text, encoding="utf-8")
    return lab


def run(lab: Lab, *arguments: str) -> Result:
    return CliRunner().invoke(
        millesime, ["--home", str(lab.home.root), "contracts", *arguments], catch_exceptions=False
    )


def promise(lab: Lab) -> dict[str, Path]:
    """Publish, and promise all that is published: the files of the shipped contracts."""
    publish_small(lab, more="create table rapport.rpt_propre as select 1 as un;")
    assert run(lab, "record", "--shipped").exit_code == DONE
    return {path.stem: path for path in (lab.depot.layer.root / "contracts").iterdir()}


def test_what_a_warehouse_would_be_published_as_is_what_is_published(lab: Lab):
    publish_small(lab)
    catalogue = lab.depot.layer.catalogue(lab.home)
    shape, last = shape_to_publish(lab.home.warehouse, catalogue)
    assert shape == shape_published(lab.home.published, catalogue.fields)
    assert last == 2021 and shape["rapport.chiffres"].key == ("code", "exercice")


def test_what_nobody_promised_may_change(lab: Lab):
    publish_small(lab)
    publish_small(lab, 2, more=RENAMED)


def test_a_column_that_is_dropped_and_one_renamed_stop_the_publication(lab: Lab):
    promise(lab)
    before = lab.home.published.readlink()
    with pytest.raises(ContractBroken) as caught:
        publish_small(lab, 2, more=RENAMED)
    assert str(caught.value) == (
        "ce qui est promis aux lecteurs manquerait, et rien n’est publié : retiré marts.fct_depenses.objet ; "
        "retiré marts.fct_depenses.part ; retiré rapport.rpt_propre. Le remettre, ou dire dans contracts/ "
        "jusqu’à quel exercice il reste (`obsolete: {since: …}`, docs/bi.md)"
    )
    assert lab.home.published.readlink() == before
    with open_ledger(lab.home) as ledger:
        assert len(ledger.all_rows("publications")) == 1


def test_the_step_ends_as_one_that_lacks_what_was_promised(lab: Lab):
    promise(lab)
    with pytest.raises(ContractBroken) as caught:
        publish_small(lab, 2, more=RENAMED)
    assert ending_of(caught.value) == Ending.UNPROMISED
    with open_ledger(lab.home) as ledger:
        ledger.record_build("b2", True, [], [])
        done = runs.publish_warehouse(lab.work(ledger))
    assert done.identity is None and "retiré marts.fct_depenses.part" in str(done.held)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("drop table marts.dim_commune;", "retiré marts.dim_commune"),
        ("alter table marts.fct_depenses alter montant_eur type decimal(20, 2);", "type DECIMAL(18,2) → DECIMAL(20,2)"),
        ("alter table rapport.chiffres alter libelle drop not null;", "type VARCHAR NOT NULL → VARCHAR"),
        ("comment on column marts.fct_depenses.part is 'Part.';", "unité % → an"),
        (
            "drop table rapport.chiffres; create table rapport.chiffres as from marts.fct_depenses;",
            "retiré rapport.chiffres.code",
        ),
    ],
)
def test_what_is_promised_neither_goes_nor_changes(lab: Lab, change: str, said: str):
    text = promise(lab)["marts"]
    text.write_text(
        text.read_text(encoding="utf-8").replace("part: DOUBLE", 'part: {type: "DOUBLE", unit: "%"}'), encoding="utf-8"
    )
    unit = {"title": "Part", "type": "number", "unit": "an" if "unité" in said else "%", "description": "Part."}
    lab.depot.layer.write("catalogue/fields.yml", {"part": unit})
    also = "" if "unité" in said else "comment on column marts.fct_depenses.part is 'Part.';"
    with pytest.raises(ContractBroken, match=said.replace("(", r"\(").replace(")", r"\)")):
        publish_small(lab, 2, more=change + also)


def test_a_lost_key_is_reported(lab: Lab):
    promise(lab)
    lab.depot.layer.write("dbt_project/models/rapport/chiffres.yml", {"version": 2, "models": [{"name": "chiffres"}]})
    with pytest.raises(ContractBroken, match=r"changé rapport.chiffres \(clé \(code, exercice\) → \(aucune\)\)"):
        publish_small(lab, 2)


OBSOLETE = ("part: DOUBLE", 'part: {type: "DOUBLE", obsolete: {since: 2021}}')
NEXT_YEAR = "update rapport.chiffres set exercice = 2022 where exercice = 2021;"


def test_an_obsolete_column_stays_until_an_exercice_after_is_published(lab: Lab):
    text = promise(lab)["marts"]
    shutil.rmtree(lab.home.root / "contracts")
    text.write_text(text.read_text(encoding="utf-8").replace(*OBSOLETE), encoding="utf-8")
    gone = "alter table marts.fct_depenses drop column part;"
    with pytest.raises(ContractBroken, match="retiré marts.fct_depenses.part"):
        publish_small(lab, 2, more=gone)
    awaited = "insert into rapport.chiffres select * replace (2022 as exercice, null as valeur) from rapport.chiffres where exercice = 2021;"
    with pytest.raises(ContractBroken):
        publish_small(lab, 3, more=gone + awaited)  # that year is expected, nothing of it is published
    publish_small(lab, 4, more=gone + NEXT_YEAR)
    publish_small(lab, 5, more="alter table marts.fct_depenses alter part type varchar;" + NEXT_YEAR)
    assert run(lab, "check").exit_code == DONE
    run(lab, "record", "--shipped")
    assert OBSOLETE[1] in text.read_text(encoding="utf-8")  # what was promised is remembered


def test_what_is_new_passes_and_is_reported_and_recorded_by_one_command(lab: Lab):
    files = promise(lab)
    new = (
        "create table rapport.rpt_propre as select 1 as un, 2 as deux; create table marts.dim_pays (code_pays varchar primary key);"
        "alter table marts.fct_depenses add column taux_pct double;"
    )
    publish_small(lab, 2, more=new)
    told = run(lab, "check")
    assert told.exit_code == DONE
    for name in ("marts.dim_pays", "marts.fct_depenses.taux_pct", "rapport.rpt_propre.deux"):
        assert f"nouveau  {name}" in told.stdout
    before = files["rapport"].read_text(encoding="utf-8")
    run(lab, "record", "--shipped")
    assert "manquements : 0 ; nouveautés à enregistrer : 0" in run(lab, "check").stdout
    marts = yaml.safe_load(files["marts"].read_text(encoding="utf-8"))
    assert marts["fct_depenses"]["columns"]["taux_pct"] == {"type": "DOUBLE", "unit": "%"}
    assert marts["dim_pays"] == {"key": ["code_pays"], "columns": {"code_pays": "VARCHAR NOT NULL"}}
    assert files["rapport"].read_text(encoding="utf-8") == before


def test_a_home_promises_its_own_tables_and_no_other(lab: Lab):
    files = promise(lab)
    own = lab.home.root / "contracts" / "rapport.yml"
    assert [*yaml.safe_load(own.read_text(encoding="utf-8"))] == ["rpt_propre"]
    assert "rpt_propre" not in files["rapport"].read_text(encoding="utf-8")
    with pytest.raises(ContractBroken, match="retiré rapport.rpt_propre"):
        publish_small(lab, 2)
    shutil.rmtree(lab.depot.layer.root / "contracts")
    publish_small(lab, 3, more="create table rapport.rpt_propre as select 1 as un, 2 as deux;")
    run(lab, "record")
    assert not (lab.depot.layer.root / "contracts").exists()
    assert yaml.safe_load(own.read_text(encoding="utf-8"))["rpt_propre"]["columns"] == {
        "un": "INTEGER",
        "deux": "INTEGER",
    }


def test_a_home_that_switches_a_promise_or_a_model_off_is_not_held_to_it(lab: Lab):
    promise(lab)
    own = lab.home.root / "contracts"
    (own / "marts.yml").write_text("dim_commune: {enabled: false}\n", encoding="utf-8")
    model = lab.home.root / "dbt_project" / "models" / "marts" / "fct_depenses.sql"
    model.parent.mkdir(parents=True)
    model.write_text("", encoding="utf-8")
    lab.depot.layer.write("dbt_project/models/marts/fct_depenses.sql", "select 1")
    kept = "create table rapport.rpt_propre as select 1 as un;"
    publish_small(lab, 2, more="drop table marts.dim_commune; drop table marts.fct_depenses;" + kept)
    run(lab, "record")
    assert "dim_commune: {enabled: false}" in (own / "marts.yml").read_text(encoding="utf-8")


def test_what_changes_between_two_publications_is_reported(lab: Lab):
    first = publish_small(lab)
    second = publish_small(lab, 2, more=RENAMED + "alter table rapport.chiffres alter nb_lignes type integer;")
    told = run(lab, "diff", first[:8], second[:8])
    assert told.exit_code == DONE and told.stdout.splitlines() == [
        "ajouté marts.fct_depenses.intitule",
        "retiré marts.fct_depenses.objet",
        "retiré marts.fct_depenses.part",
        "changé rapport.chiffres.nb_lignes (type BIGINT NOT NULL → INTEGER NOT NULL)",
        "Différences : 4.",
    ]
    assert run(lab, "diff", first[:8]).stdout == told.stdout  # with what is published
    assert run(lab, "diff", second).stdout == "Différences : 0.\n"
    unknown = run(lab, "diff", "zzz")
    assert unknown.exit_code == 2 and first[:12] in unknown.stderr


def test_check_names_what_is_broken_before_anything_is_published(lab: Lab):
    promise(lab)
    with duckdb.connect(str(lab.home.warehouse)) as db:
        db.execute(RENAMED)
    told = run(lab, "check")
    assert told.exit_code == BLOCKED and "rompu    retiré marts.fct_depenses.part" in told.stdout
    assert "manquements : 2 ; nouveautés à enregistrer : 1." in told.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dim_commune: {colonnes: {}}\n", "marts.yml:1 colonnes"),
        ("dim_commune:\n  columns:\n    a: {type: VARCHAR, obsolete: {until: 2026}}\n", "marts.yml:3"),
    ],
)
def test_a_contract_that_cannot_be_read_names_its_line(lab: Lab, text: str, said: str):
    publish_small(lab)
    lab.depot.layer.write("contracts/marts.yml", text)
    told = run(lab, "check")
    assert told.exit_code == 2 and said in told.stderr
