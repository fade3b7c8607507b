"""Prints the SQL that ``make lint-sql`` reads of ``dbt_project/``: what is written by hand, and one composed model of each kind.

Models of a kind are alike but for a declared name, of a shape or of a domain: the one of middle length speaks for them, and the
others would take half as long again. Macros are not read: sqlfluff's dbt templater skips a file that is one, and only sees what
a macro gives to the models that call it (github.com/sqlfluff/sqlfluff/issues/1401).
"""

from pathlib import Path

from pipelines.catalogue.dbt.generated import generated
from pipelines.catalogue.load import Catalogue, load_catalogue


def linted(catalogue: Catalogue) -> list[str]:
    """Their paths in the project."""
    project = catalogue.project
    by_hand = [project.folder_of[thing.path] for overlay in (project.models, project.tests) for thing in overlay]
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
    print("\n".join(f"dbt_project/{path}" for path in linted(load_catalogue())))
