"""A bundle that Superset imports: a database, a dataset per published table, their charts, a dashboard per domain.

Superset 6.1 imports it from its dashboards page (« Import »), or through ``/api/v1/assets/import/``, which replaces
what an earlier bundle made by what changed: ``metadata.yaml`` names no type, and identifiers follow from names. It
contains no row and no password. The same publication gives the same bytes.
"""

import json
import os
import re
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.organisation import Organisation
from pipelines.disk import sync
from pipelines.publication import DATABASES, FOLDERS
from pipelines.settings import Home
from pipelines.stages.publish.freshness import FRESHNESS
from pipelines.stages.publish.profiles import Column, Profile, Table, opened
from pipelines.stages.publish.superset_charts import (
    LIST,
    MONTH,
    TIMES,
    YEAR,
    Chart,
    Described,
    charts,
    described,
    expression,
    number_format,
    parameters,
    query,
)

PREFIX = re.compile(r"rpt_([a-z0-9]+)__")
VERSION = "1.0.0"  # of the format
FIGURES = "rapport.chiffres"
LISTED = ("libelle", "valeur", "unite", "etat", "code_manquant")
REST = "autres"
REST_TITLE = "Les autres tables, la collecte et les contrôles"
ADDRESS = re.compile(r"[a-z][a-z0-9_]*(\+[a-z0-9_]+)?://\S+")
PASSWORD = re.compile(r"(?<=://)([^/:@]*):.*@")  # up to the last @: one in a password may not have been escaped
MASK = "XXXXXXXXXX"  # where Superset asks for a password
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest moment that a zip can record
WIDTH, HEIGHT = 6, 50  # of a chart; a row is 12 wide


class NotAnAddress(ValueError):
    """The given address of a database is not one; the message, in French, does not repeat it."""


@dataclass(frozen=True)
class Bundle:
    """What was written."""

    file: Path
    datasets: int
    charts: int
    dashboards: tuple[str, ...]  # titles


@dataclass(frozen=True)
class _Namer:
    """Gives an organisation's and a profile's objects identifiers that do not change."""

    place: str

    def __call__(self, kind: str, name: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"millesime:{self.place}:{kind}:{name}"))


def write_bundle(
    home: Home,
    catalogue: Catalogue,
    organisation: Organisation,
    profile: str,
    file: Path,
    address: str | None = None,
    prefix: str = "",
) -> Bundle:
    """Write ``file`` (a zip) for a profile of the current publication.

    ``address`` is SQLAlchemy's, as Superset will reach the tables (the published DuckDB file when None); ``prefix`` is
    what schema names begin with there. Raises NotPublished, and NotAnAddress.
    """
    usual = home.published / FOLDERS[profile] / DATABASES[profile]
    uri = masked(address) if address else f"duckdb:///{usual}"
    with opened(home.published, profile, catalogue.fields) as opened_profile:
        tables = [table for table in opened_profile.tables if table.schema in ("marts", "rapport")]
        made = _files(opened_profile, catalogue, organisation, tables, uri, prefix)
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    _zip(aside, made)
    aside.replace(file)
    sync(file.parent)
    titles = [said["dashboard_title"] for name, said in made.items() if name.startswith("dashboards/")]
    counted = [sum(name.startswith(f"{kind}/") for name in made) for kind in ("datasets", "charts")]
    return Bundle(file, *counted, tuple(titles))


def masked(address: str) -> str:
    """An address whose password is left for Superset to ask for. Raises NotAnAddress."""
    if not ADDRESS.fullmatch(address):
        raise NotAnAddress("l’adresse est celle de SQLAlchemy : postgresql+psycopg2://compte@serveur/base")
    return PASSWORD.sub(rf"\g<1>:{MASK}@", address, count=1)


def _zip(file: Path, made: Mapping[str, Any]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, said in made.items():
            text = yaml.safe_dump(said, allow_unicode=True, sort_keys=False, width=4096)
            archive.writestr(zipfile.ZipInfo(f"millesime/{name}", EPOCH), text, zipfile.ZIP_DEFLATED)
    sync(file)


def _files(
    profile: Profile, catalogue: Catalogue, organisation: Organisation, tables: list[Table], uri: str, prefix: str
) -> dict[str, Any]:
    name = _Namer(f"{organisation.siren}:{profile.name}")
    of = {table.full_name: described(table, catalogue.fields) for table in tables}
    base = f"{organisation.sigle} : millésime, profil {profile.name}"
    files: dict[str, Any] = {
        "metadata.yaml": {"version": VERSION},
        "databases/millesime.yaml": _database(name("database", ""), base, uri),
    }
    for full_name, one in of.items():
        files[f"datasets/millesime/{full_name}.yaml"] = _dataset(name, one, prefix)
    for domain, (titled, drawn) in _by_domain(profile.db, of, catalogue).items():
        placed = [(name("chart", f"{domain}:{chart.table.full_name}:{chart.name}"), chart) for chart in drawn]
        for number, (identity, chart) in enumerate(placed, 1):
            files[f"charts/{domain}_{number:03}.yaml"] = _chart(chart, identity, name("dataset", chart.table.full_name))
        slug = f"millesime-{organisation.siren}-{profile.name}-{domain}"
        files[f"dashboards/{domain}.yaml"] = {
            "dashboard_title": f"{organisation.sigle} : {titled}",
            "slug": slug,
            "uuid": name("dashboard", domain),
            "position": _position(titled, placed),
            "metadata": {"native_filter_configuration": [_year_filter(name("dataset", FIGURES))]},
            "published": True,
            "version": VERSION,
        }
    return files


# which dashboard ------------------------------------------------------------


def _by_domain(db: Any, of: Mapping[str, Described], catalogue: Catalogue) -> dict[str, tuple[str, list[Chart]]]:
    """Domain → its title and charts: its figures, what is drawn of its tables, how far these go. What has no domain
    comes last."""
    drawn: dict[str, list[Chart]] = {}
    shown = {name: one for name, one in of.items() if name not in (FIGURES, FRESHNESS)}
    for chart in charts(db, shown, catalogue.chapters):
        drawn.setdefault(_domain(chart.table, catalogue), []).append(chart)
    titles = {**catalogue.figures.titles, REST: REST_TITLE}
    return {
        domain: (titled, [*_figures(of, domain), *drawn[domain], *_freshness(of, drawn[domain])])
        for domain, titled in titles.items()
        if domain in drawn
    }


def _domain(table: Table, catalogue: Catalogue) -> str:
    """Taken from the folder of its model, from its name, or from the figure that one of its columns adds up to."""
    titles, project = catalogue.figures.titles, catalogue.project
    folder = project.folder_of[project.models[table.name].path].parent.name if table.name in project.models else ""
    named = PREFIX.match(table.name)
    said = (catalogue.fields.of(table.name, column.name) for column in table.columns)
    linked = [one.chiffre.partition(".")[0] for one in said if one and one.chiffre]
    return next((one for one in (folder, named[1] if named else "", *linked) if one in titles), REST)


def _figures(of: Mapping[str, Described], domain: str) -> list[Chart]:
    if FIGURES not in of or domain == REST:
        return []
    order = ("libelle", f"-{YEAR}")
    columns = (YEAR, *LISTED)
    return [Chart("chiffres", "Les chiffres", of[FIGURES], LIST, None, (), (), columns, {"domaine": domain}, order)]


def _freshness(of: Mapping[str, Described], drawn: list[Chart]) -> list[Chart]:
    if FRESHNESS not in of:
        return []
    names = sorted({chart.table.full_name for chart in drawn})
    columns = ("objet", "nb_lignes", "dernier_exercice", "construction")
    titled = "Jusqu’où vont ces tables"
    return [Chart("fraicheur", titled, of[FRESHNESS], LIST, None, (), (), columns, {"objet": names}, ("objet",))]


# what is written of each thing ------------------------------------------------------------


def _database(identity: str, named: str, uri: str) -> dict[str, Any]:
    read_only = {"engine_params": {"connect_args": {"read_only": True}}} if uri.startswith("duckdb") else {}
    return {
        "database_name": named,
        "sqlalchemy_uri": uri,
        "expose_in_sqllab": True,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": read_only,
        "uuid": identity,
        "version": VERSION,
    }


def _dataset(name: _Namer, of: Described, prefix: str) -> dict[str, Any]:
    table = of.table
    named = of.measure_names()
    times = [column.name for column in table.columns if column.kind in TIMES]
    return {
        "table_name": table.name,
        "schema": f"{prefix}{table.schema}",
        "description": table.comment,
        "main_dttm_col": MONTH if MONTH in times else None,
        "uuid": name("dataset", table.full_name),
        "database_uuid": name("database", ""),
        "columns": [_column(column) for column in table.columns],
        "metrics": [_metric(of, column, named) for column in of.measures],
        "version": VERSION,
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "column_name": column.name,
        "verbose_name": column.title or column.name,
        "description": column.comment,
        "type": column.kind,
        "is_dttm": column.kind in TIMES,
        "groupby": True,
        "filterable": True,
    }


def _metric(of: Described, column: Column, named: Mapping[str, str]) -> dict[str, Any]:
    money = {"currency": {"symbol": "EUR", "symbolPosition": "suffix"}} if column.unit == "EUR" else {}
    return {
        "metric_name": named[column.name],
        "description": column.comment,
        "expression": expression(of, column),
        "d3format": number_format(of.table, column.name),
        **money,
    }


def _chart(chart: Chart, identity: str, dataset: str) -> dict[str, Any]:
    said = parameters(chart)
    asked = {
        "datasource": {"id": 0, "type": "table"},  # the importer says which
        "force": False,
        "queries": [query(chart)],
        "form_data": said,
        "result_format": "json",
        "result_type": "full",
    }
    return {
        "slice_name": chart.title,
        "description": chart.table.comment,
        "viz_type": chart.kind,
        "params": said,
        "query_context": json.dumps(asked, ensure_ascii=False),
        "uuid": identity,
        "dataset_uuid": dataset,
        "version": VERSION,
    }


def _position(titled: str, placed: list[tuple[str, Chart]]) -> dict[str, Any]:
    """Two charts per row, in order."""
    rows = [placed[start : start + 12 // WIDTH] for start in range(0, len(placed), 12 // WIDTH)]
    found: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": titled}},
        "GRID_ID": {
            "type": "GRID",
            "id": "GRID_ID",
            "parents": ["ROOT_ID"],
            "children": [f"ROW-{number}" for number in range(len(rows))],
        },
    }
    for number, row in enumerate(rows):
        above = ["ROOT_ID", "GRID_ID"]
        children = [f"CHART-{identity}" for identity, _ in row]
        meta = {"background": "BACKGROUND_TRANSPARENT"}
        found[f"ROW-{number}"] = {
            "type": "ROW",
            "id": f"ROW-{number}",
            "parents": above,
            "children": children,
            "meta": meta,
        }
        for identity, chart in row:
            found[f"CHART-{identity}"] = {
                "type": "CHART",
                "id": f"CHART-{identity}",
                "parents": [*above, f"ROW-{number}"],
                "children": [],
                "meta": {
                    "uuid": identity,
                    "chartId": len(found),  # of this dashboard; the importer gives its own
                    "sliceName": chart.title,
                    "width": WIDTH,
                    "height": HEIGHT,
                },
            }
    return found


def _year_filter(dataset: str) -> dict[str, Any]:
    return {
        "id": "NATIVE_FILTER-exercice",
        "type": "NATIVE_FILTER",
        "name": "Exercice",
        "filterType": "filter_select",
        "targets": [{"datasetUuid": dataset, "column": {"name": YEAR}}],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        "controlValues": {"multiSelect": True, "enableEmptyFilter": False, "sortAscending": False},
        "defaultDataMask": {"filterState": {}, "extraFormData": {}},
        "cascadeParentIds": [],
    }
