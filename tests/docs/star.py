"""Writes the diagram of the star schema of ``docs/bi.md`` from the declared marts: ``python -m tests.docs.star``."""

from pipelines.catalogue.load import load_catalogue
from pipelines.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "bi.md"
BEGIN, END = "<!-- star -->\n", "<!-- end of star -->\n"


def star() -> str:
    """One line per dimension: the columns of its key, and the facts that hold them."""
    project = load_catalogue().project
    names = [name for name in project.models.on if project.layer_of(name) == "marts"]
    marts = {name: {column["name"] for column in project.said[name].data["columns"]} for name in names}
    facts = sorted(name for name in marts if name.startswith("fct_"))
    lines = ["| dimension | joined by | facts |", "|---|---|---|"]
    for name in sorted(name for name in marts if name.startswith("dim_")):
        key = project.keys[name]
        joined = [fact for fact in facts if marts[fact] >= {*key}]
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
