"""What is promised to readers cannot be removed silently: the snapshots of contracts, and what stops without them."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipelines.catalogue.contracts import SNAPSHOT, snapshot
from pipelines.catalogue.needs import check
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.cli.app import BLOCKED, DONE, USAGE, millesime
from pipelines.stages.publish.published_shape import shape_of_ours, shape_published
from tests.deliveries import Depot
from tests.stages.publish.publication import publish_small
from tests.stages.transform.conftest import Lab

OURS = "rapport.fraicheur"
OWN = {"un": ("integer", True), "part_pct": ("decimal(5, 2)", False)}


@pytest.fixture
def lab(depot: Depot, monkeypatch) -> Lab:
    """Its layer is the shipped one for the command line too; the home has a table of its own."""
    monkeypatch.setenv("MILLESIME_SHIPPED", str(depot.layer.root))
    lab = Lab(depot)
    (depot.layer.root / "catalogue" / "secrecy.yml").unlink()  # it speaks of the shipped models
    promise(lab.depot.layer.root, "fct_prets", "marts", {"un": ("integer", True), "autre": ("varchar", False)})
    promise(lab.home.root, "rpt_propre", "rapport", OWN)
    return lab


def promise(root: Path, name: str, layer: str, columns: dict[str, tuple[str, bool]]) -> None:
    """A model with a contract: column → its type, and whether it is always filled."""
    folder = root / "dbt_project" / "models" / layer
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.sql").write_text("select 1 as un", encoding="utf-8")
    said = "".join(
        f"      - {{name: {column}, data_type: '{kind}', description: Une colonne."
        f"{', constraints: [{type: not_null}]' if filled else ''}}}\n"
        for column, (kind, filled) in columns.items()
    )
    key = "    data_tests: [{unique_combination_of_columns: {arguments: {combination_of_columns: [un]}}}]\n"
    text = f"models:\n  - name: {name}\n    description: Une table.\n    columns:\n{said}{key}"
    (folder / f"{name}.yml").write_text(text, encoding="utf-8")


def run(lab: Lab, *arguments: str) -> Result:
    return CliRunner().invoke(
        millesime, ["--home", str(lab.home.root), "contracts", *arguments], catch_exceptions=False
    )


def own(lab: Lab) -> Path:
    return lab.home.root / SNAPSHOT


def test_what_nobody_promised_may_change(lab: Lab):
    check(lab.depot.layer.catalogue(lab.home))
    promise(lab.home.root, "rpt_propre", "rapport", {"un": ("bigint", True)})
    check(lab.depot.layer.catalogue(lab.home))


def test_a_home_promises_its_own_tables_and_the_project_the_others(lab: Lab):
    assert run(lab, "record").exit_code == run(lab, "record", "--shipped").exit_code == DONE
    assert {table: {*columns} for table, columns in snapshot(own(lab)).items()} == {"rapport.rpt_propre": {*OWN}}
    shipped = snapshot(lab.depot.layer.root / SNAPSHOT)
    assert {"marts.fct_prets", OURS, "audit.constats"} <= {*shipped} and "rapport.rpt_propre" not in shipped
    assert tuple(snapshot(own(lab))["rapport.rpt_propre"]["part_pct"]) == ("DECIMAL(5,2)", "%", "")
    assert tuple(shipped["marts.fct_prets"]["un"]) == ("INTEGER NOT NULL", "", "1")
    assert "manquements : 0 ; nouveautés à enregistrer : 0." in run(lab, "check").stdout


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"un": ("integer", True)}, "retiré rapport.rpt_propre.part_pct"),
        ({**OWN, "un": ("bigint", True)}, "type INTEGER NOT NULL → BIGINT NOT NULL"),
        ({**OWN, "un": ("integer", False)}, "rang dans la clé 1 → absent"),
        ({"un": ("integer", True), "part": ("decimal(5, 2)", False)}, "retiré rapport.rpt_propre.part_pct"),
    ],
)
def test_what_is_promised_neither_goes_nor_changes_before_it_is_withdrawn(lab: Lab, columns, said: str):
    run(lab, "record")
    before = own(lab).read_text(encoding="utf-8")
    promise(lab.home.root, "rpt_propre", "rapport", columns)
    with pytest.raises(DeclarationError, match="promis aux lecteurs") as caught:
        check(lab.depot.layer.catalogue(lab.home))
    assert said in str(caught.value)
    told = run(lab, "check")
    assert told.exit_code == BLOCKED and said in told.stdout
    refused = run(lab, "record")
    assert refused.exit_code == USAGE and said in refused.stderr
    assert own(lab).read_text(encoding="utf-8") == before
    assert run(lab, "record", "--withdraw").exit_code == DONE
    check(lab.depot.layer.catalogue(lab.home))


def test_what_is_new_passes_and_is_recorded_by_one_command(lab: Lab):
    run(lab, "record")
    promise(lab.home.root, "rpt_propre", "rapport", {**OWN, "deux": ("varchar", False)})
    check(lab.depot.layer.catalogue(lab.home))
    assert "nouveau  ajouté rapport.rpt_propre.deux" in run(lab, "check").stdout
    run(lab, "record")
    assert {*snapshot(own(lab))["rapport.rpt_propre"]} == {*OWN, "deux"}


def test_a_home_that_replaces_or_switches_a_model_off_answers_for_it(lab: Lab):
    run(lab, "record", "--shipped")
    model = lab.home.root / "dbt_project" / "models" / "marts" / "fct_prets.sql"
    model.parent.mkdir(parents=True)
    model.write_text("", encoding="utf-8")
    check(lab.depot.layer.catalogue(lab.home))  # nothing of it is promised
    promise(lab.home.root, "fct_prets", "marts", {"un": ("integer", True)})
    with pytest.raises(DeclarationError, match=r"retiré marts\.fct_prets\.autre"):
        check(lab.depot.layer.catalogue(lab.home))
    refused = run(lab, "record")  # what the project promised, a home does not withdraw unawares
    assert refused.exit_code == USAGE and "retiré marts.fct_prets.autre" in refused.stderr
    run(lab, "record", "--withdraw")
    check(lab.depot.layer.catalogue(lab.home))


def test_what_the_project_itself_publishes_is_promised_as_it_is_published(lab: Lab):
    publish_small(lab)
    fields = lab.depot.layer.catalogue(lab.home).fields
    published, ours = shape_published(lab.home.published, fields), shape_of_ours(fields)
    assert ours and {table: published[table] for table in ours} == ours


def test_what_changes_between_two_publications_is_reported(lab: Lab):
    first = publish_small(lab)
    renamed = (
        "alter table marts.fct_depenses drop column part; alter table marts.fct_depenses rename objet to intitule;"
    )
    second = publish_small(lab, 2, more=renamed + "alter table rapport.chiffres alter nb_lignes type integer;")
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


def test_a_snapshot_that_somebody_rewrote_names_its_header(lab: Lab):
    own(lab).write_text("# 1.0.0\ntable,column,kind\nmarts.a,b,VARCHAR\n", encoding="utf-8")
    told = run(lab, "check")
    assert told.exit_code == USAGE and "contracts.csv:2 l’en-tête est « table,column,type,unit,key »" in told.stderr


def test_the_former_promises_of_a_home_are_not_passed_over_in_silence(lab: Lab):
    (lab.home.root / "contracts").mkdir()
    with pytest.raises(DeclarationError, match="millesime contracts record"):
        check(lab.depot.layer.catalogue(lab.home))
