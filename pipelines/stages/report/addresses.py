"""The addresses of the numbers that a report prints, each once: what its appendix says of how they are computed.

A figure of the report's year has its own entry in the annex, ``c-<code>``. Any other number is ``a<n>``: a row of a
table of ``rapport``, several rows of one, or a calculation over other addresses.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines import french
from pipelines.address import CODE, FIGURES, Address, figure, of_row

ADDRESS = "_adresse"  # stored with the columns of a row
Model = dict[str, Any]


@dataclass
class Addresses:
    """Gives each number its address, in the order of the report; ``keys``: the columns that identify the rows of a table."""

    exercice: int = 0
    keys: Mapping[str, list[str]] = field(default_factory=dict)
    made: dict[Any, Model] = field(default_factory=dict)

    def of_figure(self, code: str, exercice: int | None = None) -> str:
        """The address of a figure of a year."""
        if exercice in (None, self.exercice):
            return f"c-{code}"
        return self._of(figure(code, exercice))

    def of_row(self, table: str, row: Mapping[str, Any]) -> str:
        """The address of a row, or of the figure that it repeats."""
        if code := row.get("code_chiffre", row.get(CODE) if table == FIGURES else None):
            return self.of_figure(code, row["exercice"])
        key = [name for name in self.keys.get(table, row) if name in row]
        if any(row[name] is None for name in key):  # the public profile hides a part of the key: the words of the row
            key = [name for name, value in row.items() if isinstance(value, str) and name != ADDRESS]
        return self._of(of_row(table, row, key, self.exercice))

    def of_rows(self, table: str, row: Mapping[str, Any], by: list[str], how: str) -> str:
        """The address of a number that gathers the rows of a table with these values of the columns ``by``."""
        return self._of(of_row(table, row, by, self.exercice), how)

    def computed(self, how: str, parts: Iterable[str | None]) -> str:
        """The address of a calculation over others."""
        of = tuple(dict.fromkeys(filter(None, parts)))
        return self._made((how, of), {"calcul": how, "de": list(of)})

    def _of(self, address: Address, how: str | None = None) -> str:
        entry = {"table": address.table, "cle": dict(address.key), "exercice": address.exercice}
        return self._made((address, how), {**entry, "commande": address.command, "calcul": how, "de": []})

    def _made(self, what: Any, entry: Model) -> str:
        known = self.made.setdefault(what, {"id": f"a{len(self.made) + 1}", **entry})
        return str(known["id"])


def number_node(text: str, address: str) -> Model:
    """A node of prose that prints a number; see ``prose``."""
    return {"genre": "nombre", "adresse": address, "enfants": [{"genre": "texte", "texte": text}]}


def calculations(
    addresses: Addresses, model: Model, about: Mapping[str, Model], figures: Mapping[Any, Any]
) -> list[Model]:
    """The addresses of the report by table, those without one last, each with what is printed there.

    ``about`` says what a table is; ``figures`` are the rows of those that a calculation alone uses. The pages of the
    members, which have no annex, add none but their first numbers, which the home of the site prints too.
    """
    printed: dict[str, list[str]] = {}
    cards = [block for one in model["collectivites"] for block in one["blocs"] if block["genre"] == "chiffres"]
    for address, text in _printed([model["chapitres"], cards], ""):
        said = printed.setdefault(address, [])
        if text not in said:
            said.append(text)
    used = {*printed, *(part for one in addresses.made.values() if one["id"] in printed for part in one["de"])}
    tables: dict[str, list[Model]] = {}
    for entry in addresses.made.values():
        if entry["id"] in used:
            said = printed.get(entry["id"], [])
            if not said and entry.get("table") == FIGURES:
                row = figures[entry["cle"][CODE], entry["exercice"]]
                value = french.measured(row["valeur"], row["decimales"], row["unite"])
                said = [french.typeset(f"{row['libelle']}, {entry['exercice']} : {value}")]
            tables.setdefault(entry.get("table", ""), []).append({**entry, "imprime": said})
    ordered = sorted(tables, key=lambda table: (not table, table))
    nothing = {"contenu": "", "sources": []}
    return [{"table": table, **about.get(table, nothing), "adresses": tables[table]} for table in ordered]


def _printed(part: Any, title: str) -> Iterator[tuple[str, str]]:
    """The addresses in a part of a model, each with what is printed there and under which title."""
    if isinstance(part, list):
        for one in part:
            yield from _printed(one, title)
    elif isinstance(part, dict):
        named = part.get("libelle") or part.get("titre") or title
        if address := part.get("adresse"):
            text = part.get("texte") or "".join(child["texte"] for child in part["enfants"])
            yield address, f"{named}{french.NO_BREAK}: {text}" if named else text
        for line in part.get("lignes", []):
            yield from _of_line(part, line)
        for name, one in part.items():
            if name != "lignes":
                yield from _printed(one, named)


def _of_line(block: Model, line: Model) -> Iterator[tuple[str, str]]:
    for head, cell in zip(block["entete"], line.get("cellules", []), strict=False):
        yield from _printed(cell, f"{line['titre']}, {head}")
    for head, series in zip(block["entete"], line.get("series", []), strict=False):
        for year, cell in zip(block["annees"], series["cellules"], strict=False):
            yield from _printed(cell, f"{line['titre']}, {head}, {year}")
