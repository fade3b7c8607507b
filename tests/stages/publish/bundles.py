"""Reads a bundle for Superset, and asks a database what its charts would."""

import json
import zipfile
from pathlib import Path
from typing import Any

import yaml

from pipelines.sql import literal


class Read:
    """The files of a bundle, by kind."""

    def __init__(self, file: Path):
        with zipfile.ZipFile(file) as archive:
            self.files = {
                name.partition("/")[2]: yaml.load(archive.read(name), yaml.CSafeLoader) for name in archive.namelist()
            }

    def all(self, kind: str) -> list[dict[str, Any]]:
        """``charts``, ``datasets``…"""
        return [said for name, said in self.files.items() if name.startswith(f"{kind}/")]

    def dataset(self, full_name: str) -> dict[str, Any]:
        """The dataset of a table."""
        return self.files[f"datasets/millesime/{full_name}.yaml"]

    def measure(self, full_name: str, named: str) -> str:
        """The SQL of a measure."""
        (found,) = (one for one in self.dataset(full_name)["metrics"] if one["metric_name"] == named)
        return found["expression"]

    def asked(self, chart: dict[str, Any]) -> str:
        """The SQL of a chart's query, as Superset makes it but for its own names."""
        (dataset,) = (one for one in self.all("datasets") if one["uuid"] == chart["dataset_uuid"])
        (query,) = json.loads(chart["query_context"])["queries"]
        columns = [f'"{one if isinstance(one, str) else one["sqlExpression"]}"' for one in query["columns"]]
        measures = {one["metric_name"]: one["expression"] for one in dataset["metrics"]}
        shown = [*columns, *(f'{measures[name]} as "{name}"' for name in query.get("metrics", []))]
        tests = ["true"]
        for one in query["filters"]:
            values = one["val"] if one["op"] == "IN" else [one["val"]]
            tests.append(f'"{one["col"]}" in ({", ".join(map(literal, values))})')
        order = [f'"{name}" {"asc" if up else "desc"}' for name, up in query["orderby"]]
        return (
            f'select {", ".join(shown)} from "{dataset["schema"]}"."{dataset["table_name"]}" where {" and ".join(tests)}'
            + (f" group by {', '.join(columns)}" if query.get("metrics") else "")
            + (f" order by {', '.join(order)}" if order else "")
        )
