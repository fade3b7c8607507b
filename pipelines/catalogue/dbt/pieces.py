"""The elements that a source consists of, as a model declares them in its dbt entry (``config: {meta: {pieces: …}}``).

The engine knows each table's delivery, and the months of a table that declares a period. Anything else that must come
piece by piece (the budget documents of a year) only a model can read: it gives one row per piece, with these columns,
and the figures that rest on the source are missing what its rows say is not there.
"""

from collections.abc import Iterable

from pydantic import Field as PydanticField

from pipelines.catalogue.dbt.project import parsed_meta
from pipelines.catalogue.overlay import Thing
from pipelines.catalogue.source_grammar import Declared, Name
from pipelines.sql import select, united

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
    selects = [_LEDGER]
    for model, said in declared.items():
        values = [f"'{name}=' || coalesce(cast({name} as string), '') || '|'" for name in said.axes]
        axes = "\n|| ".join(["'|'", *values])
        selects.append(select([*COLUMNS, "true as est_suivie", f"{axes} as axes"], f"from {{{{ ref('{model}') }}}}"))
    return _PIECES.format(united(selects))


_LEDGER = """\
select
    pieces.systeme || '/' || pieces.nom_table as source,
    pieces.exercice,
    pieces.nature,
    pieces.piece,
    pieces.est_attendue,
    pieces.est_recue or refus.regle is not null as est_recue,
    pieces.est_acceptee,
    pieces.livraison,
    pieces.nb_lues,
    pieces.nb_acceptees,
    pieces.nb_refusees,
    pieces.nb_ignorees,
    'reçu et refusé (' || refus.regle || ')' as motif,
    pieces.est_suivie,
    case pieces.nature
        when 'mois' then '|mois=' || cast(cast(substring(pieces.piece, 6, 2) as integer) as string) || '|' else '|'
    end as axes
from {{ source('collecte', 'pieces') }} as pieces
left join {{ source('collecte', 'refus') }} as refus
    on pieces.systeme || '/' || pieces.nom_table = refus.source
    and pieces.exercice = refus.exercice
    and pieces.nature = 'livraison'"""

_PIECES = """\
with pieces as (
{}
)

select
    source,
    exercice,
    nature,
    piece,
    est_suivie,
    est_attendue,
    est_recue,
    est_acceptee,
    livraison,
    nb_lues,
    nb_acceptees,
    nb_refusees,
    nb_ignorees,
    axes,
    case
        when est_acceptee then null
        when motif is not null then motif
        when nature = 'mois' then 'mois absent'
        when est_recue then 'lu sous une déclaration antérieure, et son original n’est plus là'
        when est_attendue then 'non reçu'
        when est_suivie then 'facultatif, non transmis'
        else 'non suivi : système non souscrit pour cet exercice'
    end as motif
from pieces
"""
