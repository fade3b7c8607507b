"""The declared figures as rows: what each is called, in what unit, from which tables, and how, in words.

The warehouse holds them beside the values (schema ``catalogue``), so that no label stands in SQL. A family keeps its
placeholder, as it is declared: ``chiffres__declares`` puts the members in its place.
"""

from pipelines.catalogue.figures.load import Figures

# What is printed when no row of the fact is behind a measure; zero is a value.
EMPTY = {"zero": None, "manquant": "m", "sans_objet": "—"}


def figure_tables(figures: Figures) -> dict[str, tuple[str, list[tuple]]]:
    """Table of the schema ``catalogue`` → its columns, as SQL declares them, and its rows."""
    return {
        "chiffres": (
            "code varchar, famille varchar, indicateur varchar, libelle varchar, unite varchar, decimales integer, "
            "domaine varchar, formule varchar, est_mesure boolean, code_si_vide varchar",
            [_figure(figures, code) for code in figures.by_code],
        ),
        "chiffres_sources": (
            "code varchar, groupe integer, alternative integer, source varchar",
            [
                (code, group, rank, table)
                for code in figures.by_code
                for group, alternatives in enumerate(figures.sources(code), start=1)
                for rank, source in enumerate(alternatives, start=1)
                for table in figures.tables_of(source) or [source]  # a shape that no system has: nothing is received
            ],
        ),
    }


def _figure(figures: Figures, code: str) -> tuple:
    declared = figures.by_code[code]
    figure = declared.figure
    return (
        code,
        figure.family,
        figure.indicateur,
        figure.libelle,
        figure.unite,
        figure.decimales,
        declared.domaine,
        figures.formula(code),
        figure.mesure is not None,
        EMPTY[figure.mesure.si_vide] if figure.mesure else None,
    )
