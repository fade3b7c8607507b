"""Writes the star of ``docs/bi.md`` from dbt's manifest: ``python -m tests.docs.star``."""

import json

from pipelines.settings import DBT_MANIFEST, PROJECT_ROOT
from pipelines.stages.publish.keys import declared_keys

PAGE = PROJECT_ROOT / "docs" / "bi.md"
BEGIN, END = "<!-- star -->\n", "<!-- end of star -->\n"


def star() -> str:
    """One line a dimension: the columns of its key, and the facts that hold them."""
    nodes = json.loads(DBT_MANIFEST.read_text(encoding="utf-8"))["nodes"].values()
    marts = {n["name"]: n["columns"] for n in nodes if n["resource_type"] == "model" and n["schema"] == "marts"}
    facts = sorted(name for name in marts if name.startswith("fct_"))
    lines = ["| dimension | joined by | facts |", "|---|---|---|"]
    for name in sorted(name for name in marts if name.startswith("dim_")):
        key = declared_keys()[f"marts.{name}"]
        joined = [fact for fact in facts if marts[fact].keys() >= {*key}]
        listed = (
            "every fact" if joined == facts else ", ".join(f"`{fact}`" for fact in joined) or "none by its whole key"
        )
        lines.append(f"| `{name}` | {', '.join(f'`{column}`' for column in key)} | {listed} |")
    return "\n".join(lines) + "\n"


def written() -> str:
    """The star that the page holds."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


if __name__ == "__main__":
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + star() + END + rest.partition(END)[2], encoding="utf-8")
