"""The bundle for Superset: whole, described, the same bytes twice; a home's own tables are in it; measures never add what does not add."""

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.stages.publish.profiles import NotPublished
from pipelines.stages.publish.superset import NotAnAddress, masked, write_bundle
from tests.deliveries import Depot
from tests.layers import Layer
from tests.stages.publish.bundles import Read
from tests.stages.publish.publication import add_public, keyed, publish_small
from tests.stages.transform.conftest import Lab

OWN = """
create table rapport.rpt_prets__villes (
    exercice integer not null, code_commune varchar not null, role_ligne varchar not null, nb_prets bigint, stock_go decimal(18, 2),
    part_pct decimal(5, 1)
);
insert into rapport.rpt_prets__villes values
    (2019, '94022', 'detail', 3, 10, 30), (2019, '94054', 'detail', 7, 20, 70), (2019, 'toutes', 'total', 10, 30, 100),
    (2020, '94022', 'detail', 5, 11, 50), (2020, '94054', 'detail', null, 21, null), (2020, 'toutes', 'total', null, 32, 100);
comment on table rapport.rpt_prets__villes is 'Prêts par commune, une ligne par exercice et commune.';
create table marts.fct_prets as
    select 2020 as exercice, date '2020-01-01' + to_months(m::integer)::interval as date_mois, 'p' || m as numero, 2::bigint as nb_prets,
        1.5::decimal(18, 2) as stock_go, 'x' as texte, null::bigint as nb_rendus from range(3) t (m);
create table rapport.rpt_libre (exercice integer, texte varchar);
"""
FIELDS: dict[str, dict[str, Any]] = {
    "exercice": {"title": "Exercice", "type": "integer", "dimension": "temps", "description": "Exercice."},
    "date_mois": {"title": "Mois", "type": "date", "dimension": "temps", "description": "Mois."},
    "code_commune": {"title": "Commune", "dimension": "collectivites", "description": "Code Insee."},
    "nb_prets": {"title": "Prêts", "type": "integer", "additif": "oui", "description": "Prêts."},
    "nb_rendus": {"title": "Rendus", "type": "integer", "additif": "oui", "description": "Rendus."},
    "stock_go": {
        "title": "Stock",
        "type": "number",
        "unit": "Go",
        "additif": ["collectivites", "ventilations"],
        "description": "Stock.",
    },
    "part_pct": {"title": "Part", "type": "number", "unit": "%", "description": "Part."},
}
BLOCKS = [
    {
        "genre": "graphique",
        "id": "prets",
        "forme": "groupes",
        "titre": "Prêts par commune en {exercice}",
        "table": "rpt_prets__villes",
        "exercices": 3,
        "lignes": {"nom": "code_commune", "titre": "Commune", "format": "texte"},
        "croise": {"par": "exercice", "valeur": "nb_prets"},
        "vide": "Aucun.",
    },
    {
        "genre": "tableau",
        "id": "parts",
        "titre": "Parts",
        "table": "rpt_prets__villes",
        "filtres": {"code_commune": ["94022", "94054"]},
        "lignes": {"nom": "code_commune", "titre": "Commune", "format": "texte"},
        "colonnes": [{"nom": "part_pct", "titre": "Part"}],
        "vide": "Aucun.",
    },
]
KEYS = {"rpt_prets__villes": ["exercice", "code_commune"], "fct_prets": ["numero"]}


@pytest.fixture
def lab(depot: Depot) -> Lab:
    """A publication with tables that the home alone declares: two of the report, a fact, a domain and a chapter."""
    lab = keyed(Lab(depot))
    home = Layer(lab.home.root)
    home.write("catalogue/fields.yml", FIELDS)
    home.write(
        "catalogue/figures/prets.yml",
        {"domaine": "prets", "titre": "Les prêts de matériel", "mots": {}, "chiffres": []},
    )
    chapter = {
        "id": "prets-chapitre",
        "titre": "Prêts",
        "sections": [{"id": "prets-tout", "titre": "Tout", "blocs": BLOCKS}],
    }
    home.write("catalogue/report/10_prets.yml", chapter)
    for name, key in KEYS.items():
        folder = "rapport/prets" if name.startswith("rpt") else "marts/prets"
        said = {
            "name": name,
            "data_tests": [{"unique_combination_of_columns": {"arguments": {"combination_of_columns": key}}}],
        }
        home.write(f"dbt_project/models/{folder}/{name}.yml", {"version": 2, "models": [said]})
        home.write(f"dbt_project/models/{folder}/{name}.sql", "select 1 as un\n")
    publish_small(lab, more=own(lab))
    return lab


def own(lab: Lab) -> str:
    """The tables of the home, their columns described by its fields as dbt does."""
    fields = lab.depot.layer.catalogue(lab.home).fields
    said = [
        f"comment on column {table}.{column} is '{fields.of(table.partition('.')[2], column).text.replace(chr(39), chr(39) * 2)}';"
        for table, columns in (
            ("rapport.rpt_prets__villes", ("exercice", "code_commune", "nb_prets", "stock_go", "part_pct")),
            ("marts.fct_prets", ("exercice", "date_mois", "nb_prets", "stock_go", "nb_rendus")),
        )
        for column in columns
    ]
    return "\n".join([OWN, *said])


def written(lab: Lab, profile: str = "interne", file: Path | None = None, **more: str) -> Path:
    target = file or lab.home.exports / "superset.zip"
    return write_bundle(
        lab.home, lab.depot.layer.catalogue(lab.home), lab.depot.organisation, profile, target, **more
    ).file


def ask(lab: Lab, query: str) -> list[tuple]:
    with duckdb.connect(str(lab.home.published / "millesime.duckdb"), read_only=True) as db:
        return db.execute(query).fetchall()


# the files ------------------------------------------------------------


def test_a_bundle_holds_together(lab: Lab):
    found = Read(written(lab))
    assert found.files["metadata.yaml"] == {"version": "1.0.0"}  # no type: both doors of Superset take it
    (database,) = found.all("databases")
    things = [*found.all("datasets"), *found.all("charts"), *found.all("dashboards")]
    identities = [one["uuid"] for one in [database, *things]]
    assert len(identities) == len(set(identities))
    datasets = {one["uuid"]: one for one in found.all("datasets")}
    assert {one["database_uuid"] for one in datasets.values()} == {database["uuid"]}
    charts = {one["uuid"]: one for one in found.all("charts")}
    for chart in charts.values():
        dataset = datasets[chart["dataset_uuid"]]
        known = {one["column_name"] for one in dataset["columns"]}
        asked = json.loads(chart["query_context"])
        assert asked["form_data"] == chart["params"]
        named = [one if isinstance(one, str) else one["sqlExpression"] for one in asked["queries"][0]["columns"]]
        assert {*named, *(one["col"] for one in asked["queries"][0]["filters"])} <= known, chart["slice_name"]
        assert {*asked["queries"][0].get("metrics", [])} <= {one["metric_name"] for one in dataset["metrics"]}
    placed = []
    for dashboard in found.all("dashboards"):
        position = dashboard["position"]
        for name, one in position.items():
            if isinstance(one, dict):
                assert one["id"] == name and {*one.get("children", [])} <= position.keys()
                assert all(
                    name in position[above]["children"] or above != one["parents"][-1]
                    for above in one.get("parents", [])
                )
        placed += [one["meta"]["uuid"] for one in position.values() if isinstance(one, dict) and one["type"] == "CHART"]
        (target,) = dashboard["metadata"]["native_filter_configuration"][0]["targets"]
        assert datasets[target["datasetUuid"]]["table_name"] == "chiffres" and target["column"] == {"name": "exercice"}
    assert sorted(placed) == sorted(charts)


def test_every_published_table_is_a_dataset_described_as_it_is(lab: Lab):
    found = Read(written(lab))
    told = {
        (f"{one['schema']}.{one['table_name']}", column["column_name"]): (one["description"], column["description"])
        for one in found.all("datasets")
        for column in one["columns"]
    }
    published = ask(
        lab,
        "select t.schema_name || '.' || table_name, column_name, coalesce(t.comment, ''), coalesce(c.comment, '') "
        "from duckdb_columns() c join duckdb_tables() t using (table_name) where t.schema_name in ('marts', 'rapport')",
    )
    assert told == {(table, column): (said, one) for table, column, said, one in published}
    (column,) = (one for one in found.dataset("marts.fct_prets")["columns"] if one["column_name"] == "date_mois")
    assert column["is_dttm"] and column["verbose_name"] == "Mois"
    assert found.dataset("marts.fct_prets")["main_dttm_col"] == "date_mois"


def test_the_tables_of_a_home_have_their_dashboard(lab: Lab):
    found = Read(written(lab))
    titles = {one["dashboard_title"] for one in found.all("dashboards")}
    assert titles == {"SE : Les prêts de matériel", "SE : Les autres tables, la collecte et les contrôles"}
    names = [one["slice_name"] for name, one in found.files.items() if name.startswith("charts/prets_")]
    assert names == [
        "Les chiffres",
        "Prêts par commune",
        "Parts",
        "fct_prets : nombres",
        "fct_prets : Go",
        "Jusqu’où vont ces tables",
    ]
    rest = {one["slice_name"] for name, one in found.files.items() if name.startswith("charts/autres_")}
    assert "rapport.rpt_libre" in rest  # no chapter prints it


def test_the_same_publication_gives_the_same_bytes_and_a_later_one_the_same_identities(lab: Lab, tmp_path: Path):
    first, again = written(lab, file=tmp_path / "1.zip"), written(lab, file=tmp_path / "2.zip")
    assert first.read_bytes() == again.read_bytes()
    publish_small(lab, 2, more=own(lab))
    later = Read(written(lab, file=tmp_path / "3.zip"))
    assert {n: one["uuid"] for n, one in later.files.items() if "uuid" in one} == {
        n: one["uuid"] for n, one in Read(first).files.items() if "uuid" in one
    }
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_every_chart_can_be_asked(lab: Lab):
    found = Read(written(lab))
    answers = {one["slice_name"]: ask(lab, found.asked(one)) for one in found.all("charts")}
    assert len(answers["Prêts par commune"]) == 4
    assert ("94022", 2019, Decimal(3)) in answers["Prêts par commune"]
    assert answers["Parts"][0][0] == 2020 and len(answers["Parts"]) == 4
    assert [row[1] for row in answers["fct_prets : nombres"]] == [2] * 3


def test_a_measure_that_nothing_gives_is_not_drawn(lab: Lab):
    found = Read(written(lab))
    drawn = {
        name
        for one in found.all("charts")
        for name in json.loads(one["query_context"])["queries"][0].get("metrics", [])
    }
    assert "Prêts" in drawn and "Rendus" not in drawn


def test_a_chart_whose_columns_are_not_there_is_the_rows_that_are(lab: Lab):
    """As where the public profile withholds a column."""
    gone = "alter table rapport.rpt_prets__villes rename code_commune to code_autre;"
    publish_small(lab, 2, more=own(lab) + gone)
    found = Read(written(lab))
    shown = [
        one for one in found.all("charts") if one["slice_name"] == "Prêts par commune"
    ]  # the table is called so too
    assert [one["viz_type"] for one in shown] == ["table", "table"]
    assert ["exercice", "nb_prets"] in [one["params"]["all_columns"] for one in shown]
    for one in shown:
        assert len(ask(lab, found.asked(one))) == 6


# what adds ------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "where", "value"),
    [
        ("Prêts", "exercice = 2019", 10),  # the total row is left out
        ("Prêts", "code_commune = '94022'", 8),  # over years too
        ("Prêts", "exercice = 2020", None),  # a town is missing: no smaller number calls itself whole
        ("Prêts", "true", None),
        ("Stock", "exercice = 2019", 30),
        ("Stock", "code_commune = '94022'", None),  # it does not add over years
        ("Stock", "exercice = 2020", 32),
        ("Part", "exercice = 2019 and code_commune = '94022'", 30),
        ("Part", "exercice = 2019", None),  # it adds along nothing
    ],
)
def test_a_measure_is_empty_rather_than_wrong(lab: Lab, named: str, where: str, value: int | None):
    expression = Read(written(lab)).measure("rapport.rpt_prets__villes", named)
    ((found,),) = ask(lab, f"select {expression} from rapport.rpt_prets__villes where {where}")
    assert found == value


def test_what_nothing_distinguishes_adds_only_where_it_adds_over_all(lab: Lab):
    expression = Read(written(lab)).measure("marts.fct_prets", "Stock")
    assert ask(lab, f"select {expression} from marts.fct_prets") == [(None,)]
    assert ask(lab, f"select {expression} from marts.fct_prets where numero = 'p1'") == [(Decimal("1.5"),)]


# what Superset is to read ------------------------------------------------------------


def test_the_address_is_that_of_the_published_file_read_only(lab: Lab):
    (database,) = Read(written(lab)).all("databases")
    assert database["sqlalchemy_uri"] == f"duckdb:///{lab.home.published / 'millesime.duckdb'}"
    assert database["extra"]["engine_params"]["connect_args"] == {"read_only": True}


def test_a_server_is_named_by_hand_and_no_password_is_kept(lab: Lab):
    file = written(lab, address="postgresql+psycopg2://bi:s%40crt@bi.example/bi", prefix="millesime_")
    found = Read(file)
    (database,) = found.all("databases")
    assert database["sqlalchemy_uri"] == "postgresql+psycopg2://bi:XXXXXXXXXX@bi.example/bi"
    assert {one["schema"] for one in found.all("datasets")} == {"millesime_marts", "millesime_rapport"}
    assert database["extra"] == {} and "crt" not in str(found.files)


@pytest.mark.parametrize("wrong", ["bi.example/bi", "", "post gres://:motdepasse", "://x"])
def test_an_invalid_address_is_refused_and_not_repeated(wrong: str):
    with pytest.raises(NotAnAddress) as said:
        masked(wrong)
    assert not wrong or wrong not in str(said.value)


def test_the_public_profile_shows_what_is_public(lab: Lab):
    shutil.rmtree(lab.home.published / "public")
    with pytest.raises(NotPublished):
        written(lab, "public")
    add_public(lab)
    found = Read(written(lab, "public"))
    assert {one["table_name"] for one in found.all("datasets")} == {"chiffres", "fraicheur"}
    (database,) = found.all("databases")
    assert database["sqlalchemy_uri"].endswith("/published/public/rapport_public.duckdb")
