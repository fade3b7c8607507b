"""The elements that a source consists of, as a model declares them in its dbt entry (``config: {meta: {pieces: …}}``).

The engine knows each table's delivery, and the months of a table that declares a period. Anything else that must come
piece by piece (the budget documents of a year) only a model can read: it gives one row per piece, with these columns,
and the figures that rest on the source are missing what its rows say is not there.
"""

from collections.abc import Iterable

from pydantic import Field as PydanticField

from pipelines.catalogue.dbt.lines import SQL
from pipelines.catalogue.dbt.project import parsed_meta
from pipelines.catalogue.overlay import Thing
from pipelines.catalogue.source_grammar import Declared, Name
from pipelines.catalogue.templates import filled
from pipelines.sql import indented, select

COLUMNS = (
    *("source", "exercice", "nature", "piece", "est_attendue", "est_recue", "est_acceptee", "livraison"),
    *("nb_lues", "nb_acceptees", "nb_refusees", "nb_ignorees", "motif"),
)


class ModelPieces(Declared):
    """``axes``: columns of the model by which a figure's filter distinguishes its pieces.

    A piece whose cell is empty passes any filter on that axis, but no figure with such a filter can use it: nothing says what
    it is.
    """

    axes: list[Name] = PydanticField(default_factory=list)


def declared_pieces(entries: Iterable[Thing]) -> dict[str, ModelPieces]:
    """Model → what its entry says of its pieces. Raises DeclarationError naming file and line."""
    return parsed_meta(entries, "pieces", ModelPieces)


def pieces_sql(declared: dict[str, ModelPieces]) -> str:
    """The text of ``int_communs__collecte``: every piece, from the ledger and from models.

    ``axes`` reads ``|type_budget=annexe|``: the columns that identify a piece, and their values.
    """
    selects = []
    for model, said in declared.items():
        values = [f"'{name}=' || coalesce(cast({name} as string), '') || '|'" for name in said.axes]
        axes = "\n|| ".join(["'|'", *values])
        selects.append(select([*COLUMNS, "true as est_suivie", f"{axes} as axes"], f"from {{{{ ref('{model}') }}}}"))
    rows = [indented([one]) for one in selects]
    return filled(SQL / "collecte.sql.j2", lignes=rows)
