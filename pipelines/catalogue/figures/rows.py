"""The declared figures as rows: the name, unit and tables of each, and how it is computed, in words.

The warehouse stores them beside the values (schema ``catalogue``), so that no label is written in SQL. A family keeps
its placeholder, as declared: ``chiffres__declares`` substitutes the members.
"""

from collections.abc import Collection
from typing import Any

from pipelines.catalogue.figures.load import Figures

# What is printed when no row of the fact is behind a measure; zero is a value.
EMPTY = {"zero": None, "manquant": "m", "sans_objet": "—"}


def figure_tables(
    figures: Figures, used: Collection[str] | None = None
) -> dict[str, tuple[str, list[tuple[Any, ...]]]]:
    """Table of the schema ``catalogue`` → its columns, as SQL declares them, and its rows.

    ``used``: the tables (``system/table``) that the organisation uses; a formula names no other among alternatives.
    """
    named = []
    for code, declared in figures.by_code.items():
        figure = declared.figure
        is_measured, empty = figure.mesure is not None, EMPTY[figure.mesure.si_vide] if figure.mesure else None
        about = (figure.family, figure.indicateur, figure.libelle, figure.unite, figure.decimales, declared.domaine)
        named.append((code, *about, figures.formula(code, used), is_measured, empty))
    measures = [declared.figure for declared in figures.by_code.values() if declared.figure.mesure]
    return {
        "chiffres": (
            "code varchar, famille varchar, indicateur varchar, libelle varchar, unite varchar, decimales integer, "
            "domaine varchar, formule varchar, est_mesure boolean, code_si_vide varchar",
            named,
        ),
        "chiffres_feuilles": (
            "code varchar, mesure varchar",
            [(code, leaf.code) for code in figures.by_code for leaf in figures.leaves(code)],
        ),
        "chiffres_sources": (
            "mesure varchar, groupe varchar, alternative integer, source varchar",
            [
                (leaf.code, " ou ".join(alternatives), rank, table)
                for leaf in measures
                for alternatives in leaf.alternatives
                for rank, source in enumerate(alternatives, start=1)
                for table in figures.tables_of(source, leaf.code)
                or [source]  # a shape that no system has: nothing is received
            ],
        ),
        "chiffres_filtres": (
            "mesure varchar, colonne varchar, titre varchar, valeur varchar",
            [
                (
                    leaf.code,
                    column,
                    figures.by_code[leaf.code].words.of(column).replace("_", " "),
                    str(value).lower() if isinstance(value, bool) else str(value),  # as SQL casts it to text
                )
                for leaf in measures
                for column, values in ((leaf.mesure.filtre if leaf.mesure else {}) | leaf.pieces).items()
                for value in (values if isinstance(values, list) else [values])
            ],
        ),
        "chiffres_colonnes_familles": (
            "famille varchar, colonne varchar",
            [(name, family.code) for name, family in figures.families.items()],
        ),
        "chiffres_indispensables": (
            "mesure varchar, nature varchar",
            [(leaf.code, nature) for leaf in measures for nature in leaf.indispensables],
        ),
        "chiffres_champs": (
            "mesure varchar, groupe varchar, taille integer, champ varchar",
            [
                (leaf.code, " ou ".join(group), len(group), name)
                for leaf in measures
                for group in leaf.needs
                for name in group
            ],
        ),
    }
