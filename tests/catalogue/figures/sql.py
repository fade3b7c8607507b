"""Declares figures in a folder, and renders compiled ones without dbt: its macros, with stand-ins for ``ref`` and ``adapter``."""

from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from pipelines import settings
from pipelines.catalogue.dbt.lines import PIECE_COLUMNS, ModelPieces, pieces_sql
from pipelines.catalogue.figures.compile import figure_models
from pipelines.catalogue.figures.load import Figures, make_figures, read_figures
from pipelines.catalogue.figures.rows import figure_tables
from pipelines.catalogue.load import load_catalogue
from pipelines.stages.transform.load import PIECES, REFUSED
from tests.values import values

BY_HAND = (
    "intermediate/communs/int_communs__constats",
    "marts/communs/fct_collecte",
    *(f"calculs/chiffres__{n}" for n in ("declares", "feuilles", "filtres", "pieces", "effets", "etats", "mesures")),
    *("rapport/chiffres", "rapport/rpt_manques"),
)
FOUND = (
    "code_regle varchar, cle varchar, source varchar, exercice integer, piece varchar, axes varchar, effet varchar, "
    "nb_perdues bigint, montant_perdu_eur decimal(20, 2), empreinte varchar"
)
DOCUMENTS = "int_essai__documents"  # a model that distinguishes pieces, by the column ``sens``
MACROS = (
    "listes",
    "ratio",
    "arrondi",
    "mediane",
    "durees",
    "normalise_libelle",
    "role_ligne",
    "ressources_humaines",
    "constat",
    "effets",
    "portees",
    "double_de",
    "motif",
    "mots_du_filtre",
)


def figures_of(folder: Path, **domains: str) -> Figures:
    """The figures of these files alone, over the shipped systems."""
    files = folder / "catalogue" / "figures"
    files.mkdir(parents=True, exist_ok=True)
    for name, text in domains.items():
        (files / f"{name}.yml").write_text(text, encoding="utf-8")
    shipped = load_catalogue()
    return make_figures(read_figures([folder]), shipped.registry, shipped.systems, shipped.shapes)


def render(sql: str) -> str:
    """The SQL text that dbt would run; ``ref('x')`` is the table ``x``, ``source('s', 'x')`` the table ``s.x``."""
    environment, names = _macros(settings.shipped() / "dbt_project" / "macros")
    return environment.from_string(sql, globals=names).render()


@cache
def _macros(folder: Path) -> tuple[jinja2.Environment, dict[str, Any]]:
    """Jinja, and what a model finds there by name."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"])
    adapter = _Adapter()
    names: dict[str, Any] = {
        "ref": lambda model: model,
        "source": lambda schema, table: f"{schema}.{table}",
        "config": lambda **options: "",
        "return": lambda value: value,
        "adapter": adapter,
    }
    text = "".join((folder / f"{name}.sql").read_text(encoding="utf-8") for name in MACROS)
    adapter.macros = environment.from_string(text, globals=names).module
    return environment, names | vars(adapter.macros)


class _Adapter:
    macros: Any = None

    def dispatch(self, name: str) -> Any:
        return getattr(self.macros, f"duckdb__{name}")


def scalar(expression: str) -> Any:
    """The value of one rendered expression."""
    return _db().execute(f"select {render(expression)}").fetchone()[0]


@cache
def _db() -> duckdb.DuckDBPyConnection:
    """One for all expressions: to open it takes longer than to ask it."""
    return duckdb.connect()


def warehouse_of(figures: Figures) -> tuple[str, str]:
    """Two scripts: what is loaded of the collection, empty; then every model from it to the figures.

    ``fct_collecte`` reads the ledger's pieces, those of the documents of ``DOCUMENTS``, and the findings ``FOUND``.
    """
    kinds = {"exercice": "integer"}
    columns = [f"{c} {kinds.get(c, {'e': 'boolean', 'n': 'bigint'}.get(c[0]) if c[:3] in ('est', 'nb_') else 'varchar')}"
               for c in (*PIECE_COLUMNS, "sens")]  # fmt: skip
    script = [
        f"create schema catalogue; create schema collecte; create table collecte.pieces ({PIECES});",
        "create table collecte.champs_absents (source varchar, exercice integer, champ varchar, titre varchar, nb_lignes bigint);",
        "create table collecte.refus (source varchar, exercice integer, regle varchar);",
        f"create table collecte.lignes_refusees ({REFUSED});",
        "create table collecte.constats (code_regle varchar, source varchar, exercice integer, effet varchar, motif varchar, "
        "empreinte varchar);",
        "create table collecte.decisions (code varchar, cle varchar, empreinte varchar, motif varchar);",
        "create schema organisation; create table organisation.profil as select 0.005 as seuil_signification;",
        "create table catalogue.regles as select * from (values ('COL-TROU', 'lignes attendues et absentes'), "
        "('FIN-ESSAI', 'document douteux')) as t(code, titre);",
        f"create table controles__entrees ({FOUND});",
        f"create table {DOCUMENTS} ({', '.join(columns)});",
    ]
    for name, (spec, rows) in figure_tables(figures).items():
        script.append(f"create table catalogue.{name} ({spec});")
        script += [f"insert into catalogue.{name} values {values(rows)};"] if rows else []
    models = figure_models(figures) | {"int_communs__collecte": pieces_sql({DOCUMENTS: ModelPieces(axes=["sens"])})}
    for name in BY_HAND:
        path = settings.shipped() / "dbt_project" / "models" / f"{name}.sql"
        models[path.stem] = path.read_text(encoding="utf-8")
    made = [f"create table {name} as {render(models[name])};" for name in sorted(models, key=_depth(models))]
    return "\n".join(script), "\n".join(made)


def _depth(models: dict[str, str]):
    """How far a model is from the marts."""

    def depth(name):
        return 1 + max((depth(other) for other in models if f"ref('{other}')" in models[name]), default=0)

    return depth


def delivered(
    source: str,
    exercice: int,
    accepted: bool = True,
    refused: int = 0,
    expected: bool = True,
    followed: bool = True,
    read: int = 10,
) -> tuple:
    """A row of ``collecte.pieces``: the delivery of a table."""
    numbers = (read, read - refused, refused, 0) if accepted else (None,) * 4
    amount = None if refused or not accepted else 0
    return (
        *source.split("/"),
        exercice,
        "livraison",
        "",
        followed,
        expected,
        accepted,
        accepted,
        "d" if accepted else None,
        *numbers,
        amount,
    )


def month(source: str, piece: str, there: bool = True, expected: bool = True, read: int = 1) -> tuple:
    """A row of ``collecte.pieces``: a month of a table."""
    numbers = (read, read, 0, 0, 0) if there else (None,) * 5
    return (*source.split("/"), int(piece[:4]), "mois", piece, True, expected, there, there, None, *numbers)
