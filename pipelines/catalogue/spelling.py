"""How two spellings of a name are compared: by the macro ``normalise_libelle`` of the dbt project, and nothing else."""

import functools
import re
from collections.abc import Iterable

from pipelines import settings
from pipelines.sql import literal

_MACRO = re.compile(r"macro duckdb__normalise_libelle\(expression\) -%}(.*?){%- endmacro", re.DOTALL)


@functools.cache
def folded(expression: str) -> str:
    """What is compared of a text, in DuckDB's SQL over it."""
    text = (settings.shipped() / "dbt_project" / "macros" / "normalise_libelle.sql").read_text(encoding="utf-8")
    return " ".join(_MACRO.findall(text)[0].split()).replace("{{ expression }}", expression)


def folded_names(names: Iterable[str]) -> dict[str, str]:
    """Name → what is compared of it."""
    import duckdb  # the commands that read no table would pay for it

    rows = ", ".join(f"({literal(name)})" for name in names)
    if not rows:
        return {}
    with duckdb.connect() as db:
        return dict(db.execute(f"select nom, {folded('nom')} from (values {rows}) as noms (nom)").fetchall())
