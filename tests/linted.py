"""Prints the SQL that ``make lint-sql`` reads of a home's project: what is written by hand, and one generated model of each kind.

Models of a kind are alike but for a declared name, of a shape or of a domain: the one of middle length speaks for them, and the
others would take half as long again. Macros are not read: sqlfluff's dbt templater skips a file that is one, and only sees what
a macro gives to the models that call it (github.com/sqlfluff/sqlfluff/issues/1401).
"""

import sys
from pathlib import Path

from pipelines import settings
from pipelines.catalogue.dbt.generated import generated
from pipelines.catalogue.load import Catalogue, load_catalogue


def linted(catalogue: Catalogue) -> list[str]:
    """Their paths in the project."""
    written = settings.shipped() / "dbt_project"
    by_hand = [file.relative_to(written) for part in ("models", "tests") for file in (written / part).rglob("*.sql")]
    names = [*catalogue.registry.shapes, *(declared.domaine for declared in catalogue.figures.by_code.values())]
    kinds: dict[str, list[tuple[int, str]]] = {}
    for path, sql in generated(catalogue).items():
        if not path.endswith(".sql"):
            continue
        kind = min((Path(path).stem.removesuffix(name) for name in names), key=len)
        kinds.setdefault(kind, []).append((len(sql), path))
    chosen = [sorted(models)[len(models) // 2][1] for models in kinds.values()]
    return sorted({*map(Path.as_posix, by_hand), *chosen})


if __name__ == "__main__":
    print("\n".join(f"{sys.argv[1]}/dbt/{path}" for path in linted(load_catalogue(settings.Home(Path(sys.argv[1]))))))
