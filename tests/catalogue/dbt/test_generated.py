"""The generated part of the dbt project: always the same text, and a new system enters it once declared."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines import settings
from pipelines.catalogue.dbt.compose import project_files
from pipelines.catalogue.dbt.generated import NOBODY, generated, generated_layers, report_needs, report_sources
from pipelines.catalogue.dbt.project import needs_of
from pipelines.catalogue.figures.rows import figure_tables
from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.needs import check
from pipelines.settings import Home
from tests.layers import Layer

NEW = {
    "system": "nouvelle_application",
    "title": "Nouvelle application",
    "owner": "Pôle applications",
    "exports": [
        {
            "name": "comptes",
            "title": "Comptes de la nouvelle application",
            "files": "comptes*.csv",
            "format": {"type": "csv"},
            "tables": [{"name": "comptes", "title": "Comptes de la nouvelle application", "shape": "comptes"}],
        }
    ],
}
CATALOGUE = load_catalogue()


@pytest.fixture
def home(tmp_path: Path) -> Layer:
    return Layer(tmp_path / "home")


def of(home: Layer) -> Catalogue:
    """What is shipped, with the home's own over it."""
    catalogue = load_catalogue(Home(home.root))
    check(catalogue)
    return catalogue


def sources_of(catalogue: Catalogue) -> list[dict[str, Any]]:
    files = [yaml.safe_load(text) for path, text in generated(catalogue).items() if path.endswith("__sources.yml")]
    return [source for file in files for source in file["sources"]]


def lake(catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """The tables of the source ``lake``, by name."""
    tables = [source["tables"] for source in sources_of(catalogue) if source["name"] == "lake"]
    return {table["name"]: table for some in tables for table in some}


def test_generation_is_deterministic():
    assert generated(Catalogue(settings.shipped(), None)) == generated(CATALOGUE)


def test_every_declared_table_is_a_source_with_the_columns_that_enter_the_lake():
    tables = lake(CATALOGUE)
    declared = {f"{system.system}__{table.name}": table for system, table in CATALOGUE.registry.tables()}
    assert tables.keys() == declared.keys()
    for name, table in declared.items():
        columns = {column["name"]: column for column in tables[name]["columns"]}
        kept = [field.name for field in table.kept_fields]
        assert list(columns) == [*kept, "exercice", "_livraison", "_fichier", "_feuille", "_ligne"]
        assert all(column["description"] and column["data_type"] for column in columns.values()), name
        assert tables[name]["config"]["meta"]["dagster"]["asset_key"] == name.split("__", 1)
    assert "agent" not in {c["name"] for c in tables["journal_assistance__interventions"]["columns"]}  # dropped


def test_what_the_engine_loads_is_in_the_schema_of_its_source():
    assert {(source["name"], source["schema"]) for source in sources_of(CATALOGUE)} == {
        ("lake", "lake"),
        ("reference", "reference"),
    }


def test_a_table_is_described_by_its_title_then_its_description():
    tables = lake(CATALOGUE)
    for system, table in CATALOGUE.registry.tables():
        said = tables[f"{system.system}__{table.name}"]["description"]
        title = table.title.rstrip(".")
        assert said == (f"{title}. {table.description.strip()}" if table.description else f"{title}.")


def test_every_declared_table_is_read_by_a_model():
    models = [text for path, text in project_files(CATALOGUE).items() if path.endswith(".sql")]
    read = {need.name for text in models for need in needs_of(text) if not need.is_model}
    assert sorted(f"lake.{name}" for name in lake(CATALOGUE) if f"lake.{name}" not in read) == []


def test_a_new_application_needs_only_its_declaration(home):
    home.write("catalogue/systems/nouvelle_application.yml", NEW)
    before, after = generated(CATALOGUE), generated(of(home))
    assert "nouvelle_application__comptes" in lake(of(home))
    union = "models/composed/staging/stg_comptes.sql"
    assert "source('lake', 'nouvelle_application__comptes')" in after[union]
    assert "nouvelle_application" not in before[union]
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed == {union, "models/composed/staging/nouvelle_application/_nouvelle_application__sources.yml"}


def test_a_field_without_a_description_is_described_by_its_title(home):
    """dbt refuses a description that is no text, and what `source new` drafts has none."""
    fields = [{"name": "nom_de_rue", "title": "Nom de la rue"}, {"name": "exercice_fiscal", "title": "Exercice."}]
    table = {"name": "rues", "title": "Rues", "fields": fields}
    export = {**NEW["exports"][0], "name": "rues", "tables": [table]}
    home.write("catalogue/systems/voirie.yml", {**NEW, "system": "voirie", "exports": [export]})
    said = lake(of(home))["voirie__rues"]
    assert said["description"] == "Rues."
    assert [column["description"] for column in said["columns"][:2]] == ["Nom de la rue.", "Exercice."]


def test_rows_that_were_columns_of_one_line_keep_their_column_in_the_union(home):
    header = {2020: {"collectivite": "Commune", "mois": {"heading": r"(\S+)"}, "nb_bulletins": {"under": "mois"}}}
    fields = [{"name": "mois", "format": "%B"}]
    table = {"name": "paies", "title": "Paies", "shape": "bulletins", "header": header, "fields": fields}
    export = {**NEW["exports"][0], "name": "paies", "tables": [table]}
    home.write("catalogue/systems/paie.yml", {**NEW, "system": "paie", "exports": [export]})
    union = generated(of(home))["models/composed/staging/stg_bulletins.sql"].split("union all")
    (own,) = [select for select in union if "'paie'" in select]
    assert own.split("from")[0].rstrip().endswith("    _colonne")
    assert all("cast(null as string) as _colonne" in select for select in union if select is not own)


def test_every_reference_table_is_a_source_described_column_by_column():
    (source,) = yaml.safe_load(generated(CATALOGUE)["models/composed/staging/_reference__sources.yml"])["sources"]
    assert {table["name"] for table in source["tables"]} == CATALOGUE.reference.on.keys()
    for table in source["tables"]:
        assert table["description"] and all(column["description"] for column in table["columns"]), table["name"]


@pytest.mark.parametrize("name", ["stg_comptes", "fct_lignes_signalees"])
def test_what_is_written_by_hand_replaces_what_is_generated(home, name):
    (path,) = [path for path in generated(CATALOGUE) if Path(path).stem == name]
    home.write(f"dbt_project/models/staging/autre/{name}.sql", "select 'de la maison' as un\n")
    home.write("dbt_project/models/staging/autre/_autre.yml", {"models": [{"name": name, "description": "La nôtre."}]})
    catalogue = load_catalogue(Home(home.root))
    files = project_files(catalogue)
    assert path not in files and name not in generated_layers(catalogue)
    assert "de la maison" in files[f"models/staging/autre/{name}.sql"]
    entries = [e for p, t in files.items() if p.endswith(".yml") for e in yaml.safe_load(t).get("models") or []]
    said = [entry for entry in entries if isinstance(entry, dict) and entry["name"] == name]
    assert said == [{"name": name, "description": "La nôtre."}]


def test_a_generated_model_is_switched_off_by_its_entry(home):
    home.write(
        "dbt_project/models/staging/_off.yml", {"models": [{"name": "stg_agents", "config": {"enabled": False}}]}
    )
    catalogue = load_catalogue(Home(home.root))
    assert "models/composed/staging/stg_agents.sql" not in project_files(catalogue)
    assert "stg_agents" not in project_files(catalogue)["models/composed/staging/_shapes__models.yml"]


def test_exposures_name_only_what_is_in_effect(home):
    files = generated(CATALOGUE)
    assert "ref('rpt_rh__rapprochements')" in files["models/composed/rapport/_exposures.yml"]
    off = {"models": [{"name": "rpt_rh__rapprochements", "enabled": False}]}
    home.write("dbt_project/models/rapport/_off.yml", off)
    exposures = generated(load_catalogue(Home(home.root)))["models/composed/rapport/_exposures.yml"]
    assert "annexe_collecte" in exposures and "ref('rpt_rh__rapprochements')" not in exposures


@pytest.mark.parametrize(
    ("nature", "field", "optional", "may"),
    [
        ("", "", "", False),
        ("nature: {constant: Impressions}, ", "", "", False),
        ("nature: {constant: BS}, ", "{name: nature, values: {Bulletins de salaire: [BS]}}", "", True),
        ("nature: Travail, ", "", "", True),
        ("nature: Travail, ", "", "nature", True),  # a file that lacks it says so: the tool can display it
    ],
)
def test_what_a_tool_can_hold_nothing_of_is_not_asked_of_it(home: Layer, nature, field, optional, may) -> None:
    """A copier that never mentions payslips is behind neither the figure nor the table of those that are printed."""
    home.write(
        "catalogue/systems/copieurs.yml",
        f"""\
system: copieurs
title: Copieurs
owner: DSI
due: "03-31"
exports:
  - name: travaux
    title: Travaux
    files: "*.csv"
    format: {{type: csv}}
    tables:
      - name: travaux
        title: Travaux
        shape: travaux_edition
        optional: [{optional}]
        header:
          2024: {{{nature}date_travail: Date, collectivite: Site, nb_documents: Copies, nb_pages: Pages}}
        fields: [{field}]
""",
    )
    catalogue = of(home)
    assert ("copieurs/travaux" in report_sources(catalogue)["rpt_activite__bulletins_imprimes"]) is may
    assert "copieurs/travaux" not in report_sources(catalogue)["rpt_activite__plis"]
    sources = {(code, table) for code, _, _, table in figure_tables(catalogue.figures)["chiffres_sources"][1]}
    assert (("infrastructure.editique.bulletins_imprimes", "copieurs/travaux") in sources) is may
    assert ("infrastructure.editique.documents_mis_sous_pli", "copieurs/travaux") not in sources
    assert ("infrastructure.editique.documents_mis_sous_pli", "editique/travaux") in sources


def test_what_came_of_a_budget_is_not_what_came_of_every_tool() -> None:
    """A table that asks whether the accounts came has no rows of the others: a file that is refused there takes nothing from it."""
    sources = report_sources(CATALOGUE)
    assert sources["rpt_finances__consolidation"] == sources["rpt_finances__chapitres"]
    rows = figure_tables(CATALOGUE.figures)["chiffres_sources"][1]
    of_figure = {table for code, _, _, table in rows if code == "finances.contributions"}
    # as whole in its table and on the page of a member: a budget document that lacks takes nothing from a contribution
    assert {*sources["rpt_finances__contributions"]} == of_figure


def test_rows_that_no_table_can_hold_are_nobody_s(home: Layer) -> None:
    """They are not rows that need no export, which always came."""
    home.write("catalogue/systems/editique.yml", "system: editique\nenabled: false\n")
    home.write(
        "catalogue/systems/papercut.yml",
        (settings.PROJECT_ROOT / "tests/fixtures/organisation/catalogue/systems/papercut.yml").read_text("utf-8"),
    )
    assert report_sources(of(home))["rpt_activite__plis"] == (NOBODY,)


def test_a_printed_table_made_from_several_systems_says_which_of_them_it_needs():
    """Or a report would speak of what a system that nobody uses did not send. Tools of one shape are alternatives."""
    sources, needs = report_sources(CATALOGUE), report_needs(CATALOGUE)
    shapes = {
        f"{system.system}/{one.name}": {*([one.shape] if isinstance(one.shape, str) else one.shape or [one.name])}
        for system, one in CATALOGUE.registry.tables()
    }
    printed = {
        table
        for chapter in CATALOGUE.chapters
        for section in chapter.sections
        for block in section.blocs
        if (table := getattr(block, "table", None))
    }
    found = []
    for table in sorted(printed):
        of_systems: dict[str, set[str]] = {}
        for source in sources.get(table, ()):
            of_systems.setdefault(source.partition("/")[0], set()).update(shapes[source])
        if any(not one & other for one, other in combinations(of_systems.values(), 2)) and table not in needs:
            found.append(table)
    assert found == []
    ledger = {f"{system}/{table}" for system in ("ciril_finances", "pes") for table in ("mandats", "titres")}
    assert needs["rpt_finances__contributions"] == [ledger]
