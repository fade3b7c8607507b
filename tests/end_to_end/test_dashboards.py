"""The SQL of ``docs/bi`` and the charts of Superset, on the demonstration, give the figures of the report."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import load_organisation
from pipelines.publication import DATABASES, FOLDERS, INTERNE, PROFILES, PUBLIC
from pipelines.settings import PROJECT_ROOT, Home
from pipelines.stages.publish.superset import write_bundle
from tests.stages.publish.bundles import Read

QUERIES = PROJECT_ROOT / "docs" / "bi"
BOTH = {"budget", "stockage"}  # of no person: the same SQL for both profiles
OF = {name: PROFILES for name in BOTH} | {
    path.stem: (PUBLIC if path.stem.endswith("_public") else INTERNE,)
    for path in QUERIES.glob("*.sql")
    if path.stem not in BOTH
}


def published(demonstration: Path, profile: str) -> duckdb.DuckDBPyConnection:
    file = demonstration / "published" / FOLDERS[profile] / DATABASES[profile]
    return duckdb.connect(str(file), read_only=True)


@pytest.fixture(params=PROFILES)
def base(request: pytest.FixtureRequest, demonstration: Path) -> Iterator[tuple[str, duckdb.DuckDBPyConnection]]:
    with published(demonstration, request.param) as db:
        yield request.param, db


def figures(db: duckdb.DuckDBPyConnection, code: str) -> dict[int, Decimal]:
    """Exercice → value, where it was computed and is not hidden."""
    query = "select exercice, valeur from rapport.chiffres where code = ? and statut = 'calculé' and valeur is not null"
    return dict(db.execute(query, [code]).fetchall())


def drawn(db: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    cursor = db.execute((QUERIES / f"{name}.sql").read_text(encoding="utf-8"))
    names = [one[0] for one in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def summed(rows: list[dict[str, Any]], column: str, **where: Any) -> dict[int, Decimal]:
    """Exercice → sum of a column, for exercices without an empty row."""
    found: dict[int, list[Any]] = {}
    for row in rows:
        if all(row[name] == value for name, value in where.items()):
            found.setdefault(row["exercice"], []).append(row[column])
    return {year: sum(values) for year, values in found.items() if None not in values}


def same(sums: dict[int, Decimal], printed: dict[int, Decimal], places: int = 6) -> None:
    assert {*sums} & {*printed} and {year: round(sums[year], places) for year in sums.keys() & printed.keys()} == {
        year: value for year, value in printed.items() if year in sums
    }


def test_each_query_is_of_the_profile_that_it_says(base):
    profile, db = base
    assert len(OF) >= 9
    for name, profiles in OF.items():
        if profile in profiles:
            assert drawn(db, name), name


def test_tickets(base):
    profile, db = base
    for name in ("tickets",) if profile == INTERNE else ("tickets_public", "tickets_mois_public"):
        rows = drawn(db, name)
        same(summed(rows, "nb_tickets"), figures(db, "assistance.tickets.nombre"))
        same(summed(rows, "nb_resolus"), figures(db, "assistance.tickets.resolus"))


def test_budget(base):
    _, db = base
    rows, words = drawn(db, "budget"), {"dépense": "depenses", "recette": "recettes"}
    compared = 0
    for budget in ("principal", "annexe"):
        for section in ("fonctionnement", "investissement"):
            for way, word in words.items():
                where = {"type_budget": budget, "section": section, "sens_budgetaire": way}
                if printed := figures(db, f"finances.{budget}.{section}.{word}_realisees"):
                    done = [row for row in rows if row["realise_eur"] is not None]  # the accounts leave chapters out
                    same(summed(done, "realise_eur", **where), printed)
                    compared += 1
                if voted := figures(db, f"finances.{budget}.{section}.budget"):
                    same(summed(rows, "credits_ouverts_eur", **where), voted)
    assert compared == 6
    names = {(row["code_chapitre_canonique"], row["libelle_chapitre_canonique"]) for row in rows}
    assert (
        len({code for code, _ in names}) == len(names) and (None, None) not in names
    )  # one name per chapter, over the years


def test_pyramide(base):
    profile, db = base
    if profile == INTERNE:
        same(summed(drawn(db, "pyramide"), "nb_agents"), figures(db, "rh.effectif_permanent.total"))
    rows = drawn(db, "pyramide_public")
    printed = figures(db, "rh.effectif_permanent.total")
    for year, total in summed(rows, "nb_agents").items():
        assert year not in printed or printed[year] == total


def test_formations(base):
    profile, db = base
    rows = drawn(db, "formations" if profile == INTERNE else "formations_public")
    compared = 0
    for code in {row["code_application"] for row in rows}:
        printed = figures(db, f"applications.{code}.jours_formation")
        for year, days in summed(rows, "jours", code_application=code).items():
            if year in printed:
                assert days == printed[year], (code, year)
                compared += 1
    assert compared > 30


def test_stockage(base):
    _, db = base
    rows = drawn(db, "stockage")
    assert [row["date_mois"] for row in rows] == sorted({row["date_mois"] for row in rows}) and len(rows) == 36
    december = [row for row in rows if row["date_mois"].month == 12]
    same(summed(december, "volume_go"), figures(db, "infrastructure.stockage.volume"), places=0)


# Superset ------------------------------------------------------------


@pytest.fixture
def bundle(base, demonstration: Path, tmp_path: Path) -> Read:
    home = Home(demonstration)
    catalogue = load_catalogue(home)
    made = write_bundle(home, catalogue, load_organisation(home, catalogue), base[0], tmp_path / "superset.zip")
    assert len(made.dashboards) >= 8 and made.charts > 60
    return Read(made.file)


def test_every_chart_can_be_asked_and_no_measure_is_always_empty(base, bundle: Read):
    _, db = base
    silent = []
    for chart in bundle.all("charts"):
        rows = db.execute(bundle.asked(chart)).fetchall()
        width = len(chart["params"].get("metrics", []))
        if width and not any(value is not None for row in rows for value in row[-width:]):
            silent.append(chart["slice_name"])
    assert silent == []


def test_measures_are_the_figures(base, bundle: Read):
    """Each column declared to add up to a figure does; over all exercices at once, a measure that does not add up is empty."""
    _, db = base
    fields, compared = load_catalogue().fields, set()
    for dataset in bundle.all("datasets"):
        table = f"{dataset['schema']}.{dataset['table_name']}"
        columns = {
            one["column_name"]: fields.of(dataset["table_name"], one["column_name"]) for one in dataset["columns"]
        }
        for metric in dataset["metrics"]:
            told = [
                (name, said)
                for name, said in columns.items()
                if said
                and said.chiffre
                and f"SUM({name})" in metric["expression"]
                and said.text == metric["description"]
            ]
            for _name, said in told:
                query = "select exercice, valeur, decimales from rapport.chiffres where code = ? and statut = 'calculé'"
                printed = {year: one for year, *one in db.execute(query, [said.chiffre]).fetchall()}
                asked = f"select exercice, {metric['expression']} from {table} group by exercice"
                for year, value in db.execute(asked).fetchall():
                    if value is not None and printed.get(year, [None])[0] is not None:
                        number, places = printed[year]
                        assert Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) == number, (
                            table,
                            year,
                        )
                        compared.add((table, metric["metric_name"]))
                if "temps" not in said.adds_along:
                    years = f"select {metric['expression']}, count(distinct exercice) from {table}"
                    ((whole, count),) = db.execute(years).fetchall()
                    assert whole is None or count == 1, (table, metric["metric_name"])
    assert len(compared) > 10
