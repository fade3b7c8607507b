"""Compiles the declared figures into the models that compute their values, in pieces that a planner can handle.

It writes the SQL that follows from declarations. ``measure`` translates a measure and a filter into SQL, and ``rows`` gives
labels and sources. What is the same for every figure (states, absences, printed numbers) is written by hand in
``dbt_project/models/calculs`` and ``rapport/chiffres.sql``.

    chiffres__familles      the members of every family, exercice by exercice
    agregats__<domaine>     the exact value of each measure, from its fact
    expressions__<domaine>  the value of each expression, from the exact values of the measures it rests on, as one
                            fraction: nothing is rounded before the end
    chiffres__agregats, chiffres__expressions   the pieces of every domain

What only assembles pieces is ephemeral: dbt inlines it in the models that read it, without making a table.
"""

from dataclasses import dataclass
from typing import Any

from pipelines.catalogue.figures import measure
from pipelines.catalogue.figures.grammar import Figure, Number, Operand, Term
from pipelines.catalogue.figures.load import Figures
from pipelines.sql import called, indented, literal, select, union, where

EPHEMERAL = "{{ config(materialized='ephemeral') }}\n\n"
TEXT = "string"  # the one name of that type that DuckDB and Spark share
MEDIAN = "{{{{ mediane('{}') }}}}"

_CODE = ("code", TEXT, "Code du chiffre.")
_YEAR = ("exercice", "integer", "Exercice.")
_VALUE = ("valeur", "decimal(20, 6)")
_MEMBERS = [("famille", TEXT), _YEAR, ("code_membre", TEXT), ("libelle_membre", TEXT), ("indicateur", TEXT)]
# The pieces of a domain: what each kind contains, and its columns.
PIECES = {
    "agregats": (
        "Valeur exacte de chaque mesure du domaine {}, une ligne par chiffre et exercice dont des lignes existent.",
        [
            _CODE,
            _YEAR,
            (*_VALUE, "Valeur exacte ; vide si un terme est inconnu."),
            ("nb_lignes", "bigint", "Nombre de lignes de la table de faits derrière la mesure."),
        ],
    ),
    "expressions": (
        "Valeur de chaque expression du domaine {}, une ligne par chiffre et exercice.",
        [
            _CODE,
            _YEAR,
            (*_VALUE, "Valeur arrondie au nombre de décimales du chiffre ; vide par une division par zéro."),
            ("code_operande", TEXT, "Pourquoi un opérande manque ; vide s’ils sont tous là."),
            ("nb_lignes", "bigint", "Nombre de lignes des tables de faits derrière les opérandes."),
        ],
    ),
}


def figure_models(figures: Figures) -> dict[str, str]:
    """Model → its text."""
    pieces = _pieces(figures)
    of_all: dict[str, list[str]] = {kind: [] for kind in PIECES}
    for kind, name in pieces:
        of_all[kind].append(select([column for column, *_ in PIECES[kind][1]], f"from {_ref(name)}"))
    return {
        "chiffres__familles": EPHEMERAL + union((_family(figures, name) for name in figures.families), _MEMBERS),
        **{
            name: union(
                _aggregate(figures, code) if kind == "agregats" else _operation(figures, code) for code in codes
            )
            for (kind, name), codes in pieces.items()
        },
        **{f"chiffres__{kind}": EPHEMERAL + union(selects, PIECES[kind][1]) for kind, selects in of_all.items()},
    }


def figure_entries(figures: Figures) -> list[dict[str, Any]]:
    """The dbt entries of these models."""
    described = [
        {
            "name": name,
            "description": PIECES[kind][0].format(name.partition("__")[2]),
            "columns": [{"name": column, "description": text} for column, _, text in PIECES[kind][1]],
        }
        for kind, name in _pieces(figures)
    ]
    return [
        {"name": "chiffres__familles", "description": "Membres de chaque famille de chiffres, exercice par exercice."},
        *described,
        {"name": "chiffres__agregats", "description": "Valeur exacte de chaque mesure, tous domaines réunis."},
        {"name": "chiffres__expressions", "description": "Valeur de chaque expression, tous domaines réunis."},
    ]


def _pieces(figures: Figures) -> dict[tuple[str, str], list[str]]:
    """(kind, model) → the declared codes whose values it computes."""
    pieces: dict[tuple[str, str], list[str]] = {}
    for code, declared in figures.by_code.items():
        kind = "agregats" if declared.figure.mesure else "expressions"
        pieces.setdefault((kind, f"{kind}__{declared.domaine}"), []).append(code)
    return pieces


# families -------------------------------------------------------------------------------------------------------------


def _family(figures: Figures, name: str) -> str:
    """The members of a family in each exercice, and the figures of each when members name them."""
    family = figures.families[name]
    columns = [
        f"{literal(name)} as famille",
        "exercices.exercice",
        f"membres.{family.code} as code_membre",
        f"membres.{family.libelle} as libelle_membre",
        "indicateurs.indicateur" if family.indicateurs else f"cast(null as {TEXT}) as indicateur",
    ]
    source = [f"from {_ref(family.relation)} as membres", f"cross join {_ref('dim_exercice')} as exercices"]
    if family.indicateurs:
        source.append(
            f"inner join {_ref(family.indicateurs)} as indicateurs\n"
            f"    on membres.{family.code} = indicateurs.{family.code}"
        )
    tests = []
    if family.exercice:
        tests.append(f"exercices.exercice = membres.{family.exercice}")
    if family.debut:
        tests.append(f"exercices.exercice >= coalesce(membres.{family.debut}, exercices.exercice)")
    if family.fin:
        tests.append(f"exercices.exercice <= coalesce(membres.{family.fin}, exercices.exercice)")
    tests += measure.conditions(family.filtre, "membres.{}".format)
    if presence := family.presents_dans:
        # those with a row in the fact, and those with a printed figure, even if no delivery mentions them
        inside = [f"faits.{family.code} = membres.{family.code}", "faits.exercice = exercices.exercice"]
        inside += measure.conditions(presence.filtre, "faits.{}".format)
        of_family = [code for code, declared in figures.by_code.items() if declared.figure.family == name]
        codes = [_of_member(code, name, f"membres.{family.code}") for code in of_family]
        printed = [
            called("publies.code_chiffre in ", codes),
            "publies.exercice = exercices.exercice",
            "publies.valeur_publiee is not null",
        ]
        ways = []
        for relation, alias, its in ((presence.fait, "faits", inside), ("fct_chiffres_publies", "publies", printed)):
            rows = indented([f"select 1 from {_ref(relation)} as {alias}", where(its)], between="\n")
            ways.append(f"exists (\n{rows}\n)")
        tests.append(f"(\n{indented(ways, between=chr(10) + 'or ')}\n)")
    return select(columns, *source, where(tests))


def _of_member(text: str, family: str | None, column: str) -> str:
    """SQL of a code in which the member's replaces the placeholder."""
    placeholder = f"{{{family}}}"
    return f"replace({literal(text)}, '{placeholder}', {column})" if placeholder in text else literal(text)


# measures -------------------------------------------------------------------------------------------------------------


def _aggregate(figures: Figures, code: str) -> str:
    """The exact value of a measure, and the number of rows of its fact behind it."""
    figure, family = figures.by_code[code].figure, figures.family_of(code)
    assert figure.mesure is not None, f"{code} is not measured"
    member = [family.code] if family else []
    columns = [
        f"{_of_member(code, figure.family, *member)} as code" if family else f"{literal(code)} as code",
        "exercice",
        f"try_cast({measure.value(figure.mesure, MEDIAN)} as decimal(20, 6)) as valeur",
        "count(*) as nb_lignes",
    ]
    kept = where(measure.conditions(figure.mesure.filtre))
    return select(columns, f"from {_ref(figure.mesure.fait)}", kept, f"group by {', '.join([*member, 'exercice'])}")


# expressions ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fraction:
    """An exact SQL value: numerator and denominator, no denominator meaning 1. Both can be used as operands."""

    numerator: str
    denominator: str = ""

    def combine(self, operator: str, other: "Fraction") -> "Fraction":
        """This fraction and another under one of + - * /."""
        if operator == "*":
            return Fraction(_times(self.numerator, other.numerator), _times(self.denominator, other.denominator))
        if operator == "/":
            return Fraction(_times(self.numerator, other.denominator), _times(self.denominator, other.numerator))
        if self.denominator == other.denominator:
            return Fraction(f"({self.numerator} {operator} {other.numerator})", self.denominator)
        left, right = _times(self.numerator, other.denominator), _times(other.numerator, self.denominator)
        return Fraction(f"({left} {operator} {right})", _times(self.denominator, other.denominator))


def _times(left: str, right: str) -> str:
    return f"({left} * {right})" if left and right else left or right


def _fraction(term: Term, figure: Figure, figures: Figures, aliases: dict[str, str]) -> Fraction:
    if isinstance(term, Number):
        return Fraction(str(term.value))
    if isinstance(term, Operand):
        code = figure.operandes[term.name]
        operand = figures.by_code[code].figure
        return (
            Fraction(f"{aliases[code]}.valeur")
            if operand.mesure
            else _fraction(operand.term, operand, figures, aliases)
        )
    left, right = (_fraction(side, figure, figures, aliases) for side in (term.left, term.right))
    return left.combine(term.operator, right)


def _operation(figures: Figures, code: str) -> str:
    """The value of an expression, and why an operand is missing."""
    figure = figures.by_code[code].figure
    aliases = {leaf.code: f"m{index}" for index, leaf in enumerate(figures.leaves(code), start=1)}
    inner = {operand: f"a{index}" for index, operand in enumerate(_inner_expressions(figures, code), start=1)}
    fraction = _fraction(figure.term, figure, figures, aliases)
    if fraction.denominator:
        operands = [f"'{fraction.numerator}'", f"'{fraction.denominator}'", str(figure.decimales)]
        value = f"{{{{ {called('ratio', operands)} }}}}"
    else:
        value = f"{{{{ arrondi('{fraction.numerator}', {figure.decimales}) }}}}"
    # a declared absence of an operand comes first, then an operand that could not be computed
    missing = [f"{alias}.code_manquant" for alias in inner.values()]
    missing += [f"{alias}.{column}" for column in ("code_absence", "code_calcul") for alias in aliases.values()]
    columns = [
        "declares.code",
        "declares.exercice",
        f"{value} as valeur",
        f"{called('coalesce', missing)} as code_operande",
        f"{' + '.join(f'coalesce({alias}.nb_lignes, 0)' for alias in aliases.values())} as nb_lignes",
    ]
    relations = [("chiffres__mesures", "code", *pair) for pair in aliases.items()]
    relations += [("fct_absences_declarees", "code_chiffre", *pair) for pair in inner.items()]
    joins = [
        f"left join {_ref(relation)} as {alias}\n"
        f"    on {alias}.{bearer} = {_of_member(operand, figure.family, 'declares.code_membre')}\n"
        f"    and declares.exercice = {alias}.exercice"
        for relation, bearer, operand, alias in relations
    ]
    source = [f"from {_ref('chiffres__declares')} as declares", *joins]
    return select(columns, *source, where([f"declares.code_declare = {literal(code)}"]))


def _inner_expressions(figures: Figures, code: str) -> list[str]:
    """The expressions between a figure and its measures: the absence of one makes the figure missing."""
    found: list[str] = []
    for operand in figures.by_code[code].figure.operandes.values():
        if figures.by_code[operand].figure.expression is not None:
            found += [operand, *_inner_expressions(figures, operand)]
    return list(dict.fromkeys(found))


# text -----------------------------------------------------------------------------------------------------------------


def _ref(model: str) -> str:
    return f"{{{{ ref('{model}') }}}}"
