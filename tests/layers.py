"""Makes a layer of declarations for a test, in place of the shipped one or as a home's own.

Tests of what the project itself declares read ``load_catalogue()`` instead.
"""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from pipelines import settings
from pipelines.catalogue.load import Catalogue, catalogue_of
from pipelines.catalogue.rules import Rules
from pipelines.settings import Home

REAL = settings.shipped()
PROJECT = "name: rapport_activite\nversion: 1.0.0\nconfig-version: 2\nprofile: rapport_activite\n"


@dataclass(frozen=True)
class Layer:
    """A folder that may hold ``catalogue/``, ``expectations/`` and ``dbt_project/``."""

    root: Path

    def write(self, path: str, content: str | bytes | dict) -> Path:
        """Write a file, a mapping as YAML."""
        if isinstance(content, dict):
            content = yaml.dump(content, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return target

    def take(self, *paths: str) -> None:
        """Copy files, or whole folders, of what is really shipped."""
        for path in paths:
            for file in sorted((REAL / path).rglob("*")) if (REAL / path).is_dir() else [REAL / path]:
                if file.is_file():
                    self.write(file.relative_to(REAL).as_posix(), file.read_bytes())

    def fact(self, name: str, table: str) -> None:
        """A fact of the marts, made of every line of a table of the lake."""
        lines = {"source": f"'{table.replace('__', '/')}'", "faits": {name: {}}, "signalees": False}
        entry = {"name": f"int_{name}", "config": {"meta": {"lignes": lines}}}
        self.write(f"dbt_project/models/intermediate/int_{name}.yml", {"version": 2, "models": [entry]})
        self.write(
            f"dbt_project/models/intermediate/int_{name}.sql", f"select * from {{{{ source('lake', '{table}') }}}}\n"
        )
        self.write(f"dbt_project/models/marts/{name}.sql", f"select * from {{{{ ref('int_{name}') }}}}\n")

    def reference(self, name: str, text: str) -> None:
        """A reference table of texts, from its CSV."""
        columns = [{"name": column, "description": "Une colonne."} for column in text.partition("\n")[0].split(",")]
        declared = {"table": name, "description": "Une liste.", "fields": columns}
        self.write(f"catalogue/reference/{name}.yml", declared)
        self.write(f"catalogue/reference/{name}.csv", text)

    def catalogue(self, home: Home | None = None) -> Catalogue:
        """What is in effect when this layer is the shipped one."""
        return catalogue_of(self.root, home.root if home else None)


def ship(root: Path) -> Layer:
    """The smallest layer that can be shipped: the rules, what the engine's own columns mean, and a dbt project without models."""
    layer = Layer(root)
    layer.take(
        "catalogue/rules.yml",
        "catalogue/report/modeles",
        "catalogue/report/rapport.yml",
        "catalogue/reference/schemas",
        "requirements.lock",
        "dagster.yaml",
    )
    layer.write("catalogue/fields.yml", _fields())
    layer.write("dbt_project/dbt_project.yml", PROJECT)
    layer.take("dbt_project/macros/normalise_libelle.sql")  # how the spellings of a name are compared
    return layer


@functools.cache
def _fields() -> bytes:
    """The entries of ``fields.yml`` of the columns that the engine makes and that shapes have: to check all takes 20 ms a catalogue."""
    from pipelines.stages.publish.audit_schema import TABLES

    shapes = sorted((REAL / "catalogue" / "shapes").glob("*.yml"))
    named = {name for _, columns in TABLES.values() for name, *_ in columns} | {"code", "valeur", "exercice"}
    for file in (*shapes, REAL / "catalogue" / "systems" / "absences.yml"):
        named |= set(re.findall(r"\bname: ([a-z_]+)", file.read_text(encoding="utf-8")))
    of = {"", *(file.stem for file in shapes)}
    kept = {}
    for key, said in yaml.load((REAL / "catalogue" / "fields.yml").read_bytes(), yaml.CSafeLoader).items():
        table, _, column = key.rpartition(".")
        if table in of and (column in named or column.startswith("_")):
            kept[key] = said
    return yaml.dump(kept, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False).encode()


@functools.cache
def rules() -> Rules:
    """The rules that are really shipped: those of every layer here."""
    return Catalogue(REAL, None).rules
