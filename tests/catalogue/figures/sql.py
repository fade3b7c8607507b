"""Renders compiled figures without dbt: its macros, with ``ref`` and ``adapter`` stood in for."""

from typing import Any

import duckdb
import jinja2

from pipelines import settings

MACROS = ("ratio", "arrondi", "mediane", "durees", "normalise_libelle")


def render(sql: str) -> str:
    """The SQL text that dbt would run; ``ref('x')`` is the table ``x``."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    texts = [(settings.DBT_PROJECT_DIR / "macros" / f"{name}.sql").read_text(encoding="utf-8") for name in MACROS]
    adapter = _Adapter()
    names: dict[str, Any] = {"ref": lambda model: model, "return": lambda value: value, "adapter": adapter}
    adapter.macros = environment.from_string("".join(texts), globals=names).module
    return environment.from_string("".join(texts) + sql, globals=names).render()


class _Adapter:
    macros: Any = None

    def dispatch(self, name: str) -> Any:
        return getattr(self.macros, f"duckdb__{name}")


def scalar(expression: str) -> Any:
    """The value of one rendered expression."""
    return duckdb.connect().execute(f"select {render(expression)}").fetchone()[0]
