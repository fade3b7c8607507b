"""The vocabulary of ``comparaisons.yml``: which published figures are compared between organisations, relative to what,
by which size.

This module defines what may be declared, and checks that it names existing figures.
``pipelines.stages.publish.consolidation`` reads the values and computes their quartiles.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field as PydanticField
from pydantic import model_validator

from pipelines.catalogue.chapters.grammar import Value
from pipelines.catalogue.overlay import Overlay
from pipelines.catalogue.source_grammar import Declared, Name
from pipelines.catalogue.yaml_file import DeclarationError

Table = Annotated[str, PydanticField(pattern=r"^(marts|rapport)\.[a-z0-9_]+$")]
# kind of thing → section of the file
SECTIONS = {"denominator": "denominateurs", "size class": "classes", "ratio": "ratios"}


class Denominateur(Declared):
    """The divisor of figures: a figure, or the sum of a column of a public table; unknown if a row lacks it.

    The table has a column ``exercice``, or says the same for every exercice.
    """

    libelle: str
    chiffre: str | None = None
    table: Table | None = None
    colonne: Name | None = None
    filtres: dict[Name, Value | list[Value]] = {}

    @model_validator(mode="after")
    def _one_kind(self) -> "Denominateur":
        if bool(self.chiffre) == bool(self.table and self.colonne) or bool(self.table) != bool(self.colonne):
            raise ValueError("donner chiffre, ou bien table et colonne")
        return self


class Classe(Declared):
    """A size: the organisations whose denominator ``de`` is at least ``a_partir_de``, up to where the next class begins."""

    libelle: str
    de: Name
    a_partir_de: int = PydanticField(ge=0)


class Ratio(Declared):
    """What is compared: ``pour`` × the figure / the denominator ``par``, or the figure itself; half-up at ``decimales``."""

    libelle: str
    chiffre: str
    par: Name | None = None
    pour: int = PydanticField(1, ge=1, le=1_000_000)
    unite: str
    decimales: int = PydanticField(2, ge=0, le=6)


@dataclass(frozen=True)
class Comparisons:
    """What is compared, each by its name, in the order of the declarations."""

    denominateurs: Mapping[str, Denominateur]
    classes: Mapping[str, Classe]
    ratios: Mapping[str, Ratio]


def make_comparisons(declared: Mapping[str, Overlay], codes: Collection[str]) -> Comparisons:
    """Every comparison; ``codes`` are those of the declared figures. Raises DeclarationError naming file and line."""
    below, classes, ratios = (declared[kind] for kind in SECTIONS)
    for thing in (*below, *classes, *ratios):
        for key, known in (("chiffre", codes), ("de", below.on), ("par", below.on)):
            name = thing.data.get(key) if isinstance(thing.data, dict) else None
            if name is not None and name not in known:
                what = "le catalogue n’a pas de chiffre" if key == "chiffre" else "aucun dénominateur ne s’appelle"
                raise DeclarationError(f"{thing.at(key)} {key}: {what} « {name} »")
    return Comparisons(
        {thing.name: thing.parsed(Denominateur) for thing in below},
        {thing.name: thing.parsed(Classe) for thing in classes},
        {thing.name: thing.parsed(Ratio) for thing in ratios},
    )
