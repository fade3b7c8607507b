"""Declares figures in a folder, and renders compiled ones without dbt: its macros, with ``ref`` and ``adapter`` stood in for."""

from pathlib import Path
from typing import Any

import duckdb
import jinja2

from pipelines import settings
from pipelines.catalogue.figures.load import Figures, make_figures, read_figures
from pipelines.catalogue.load import load_catalogue

MACROS = ("ratio", "arrondi", "mediane", "durees", "normalise_libelle")


def figures_of(folder: Path, **domains: str) -> Figures:
    """The figures of these files alone, over the shipped systems."""
    files = folder / "catalogue" / "figures"
    files.mkdir(parents=True, exist_ok=True)
    for name, text in domains.items():
        (files / f"{name}.yml").write_text(text, encoding="utf-8")
    shipped = load_catalogue()
    return make_figures(read_figures([folder]), shipped.registry, shipped.systems, shipped.shapes)


def render(sql: str) -> str:
    """The SQL text that dbt would run; ``ref('x')`` is the table ``x``, ``source('s', 'x')`` the table ``s.x``."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    texts = [
        (settings.shipped() / "dbt_project" / "macros" / f"{name}.sql").read_text(encoding="utf-8") for name in MACROS
    ]
    adapter = _Adapter()
    names: dict[str, Any] = {
        "ref": lambda model: model,
        "source": lambda schema, table: f"{schema}.{table}",
        "config": lambda **options: "",
        "return": lambda value: value,
        "adapter": adapter,
    }
    adapter.macros = environment.from_string("".join(texts), globals=names).module
    return environment.from_string("".join(texts) + sql, globals=names).render()


class _Adapter:
    macros: Any = None

    def dispatch(self, name: str) -> Any:
        return getattr(self.macros, f"duckdb__{name}")


def scalar(expression: str) -> Any:
    """The value of one rendered expression."""
    return duckdb.connect().execute(f"select {render(expression)}").fetchone()[0]
