"""The grammar of a declared figure: an aggregate over a fact with a filter, or arithmetic over other figures.

This module defines what a figure's YAML may contain, and words it in French; ``load`` reads the files, and ``compile``
makes the SQL. The grammar is typed, not free SQL, so that one declaration gives the value, the formula in words and the
trace down to the lines of the files. Its keys are French, like its codes and labels.

A code that contains a placeholder such as ``{application}`` declares one figure per member of the family of that name:
``familles`` says which relation of the marts lists its members.

The rules of a missing value, which no declaration can change:

- a figure of a system that the organisation does not use in the exercice does not exist, unless it is declared absent
  or was printed;
- missing is never zero: a figure is missing (``m``) when one of its ``sources`` has no accepted delivery; a list among
  them holds alternatives (one system replaced another), which fill each other's gaps; if a published report printed it,
  that number replaces it, marked ``publié``, and nothing is computed from it;
- ``*/<shape>`` is every table of a shape: those of the systems that the organisation uses cover it together, so that
  the figure is partial while one of them is awaited, and a system that nobody uses is not a gap;
- a table that the rows of its fact come from must be one of its sources, or be listed in ``sans_effet`` with the reason
  why the figure is the same without it: forgetting one is refused;
- the pieces of its sources (their months, their documents) make it partial when an expected piece is missing, and
  missing when all are, or when ``indispensables`` names that kind of pieces (the month of a stock, a document). A filter
  narrows the pieces as it does the rows: the accounts of an annexe say nothing of the principal budget; ``pieces``
  narrows them alone, by the axes that their model declares;
- ``champs`` are the fields that it needs of its sources, a list among them giving alternatives: a source whose declared
  header gives none does not count as accepted, whatever came of it. A field with the value that it counts (``{nature:
  Factures}``) says more: a table that cannot hold such a line is not one of its sources;
- lines that were refused, or accepted but not understood, make it partial;
- ``si_vide`` says what the absence of any row means when everything was delivered: ``zero``, ``manquant`` (``m``), or
  ``sans_objet`` (``—``: a cell that the report leaves blank);
- an unknown value among the rows makes their sum, greatest value or median unknown (``?``): a fact in which NULL would
  mean zero has to write 0;
- a declared absence (``NC``, ``?``) makes its figure missing, whatever was received;
- a missing operand makes an expression missing, with the operand's code;
- a division by zero is not applicable (``—``).

A value is exact until it is rounded, half-up and once, to its figure's ``decimales``.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator
from pydantic import Field as PydanticField

from pipelines.catalogue.source_grammar import Declared, Name

_PART = r"[a-z][a-z0-9_]*"
_PLACEHOLDER = rf"\{{{_PART}\}}"
CODE_PATTERN = rf"^{_PART}(\.({_PART}|{_PLACEHOLDER}))+$"
SOURCE_PATTERN = rf"^({_PART}|{_PLACEHOLDER}|\*)/{_PART}$"
PUBLIC = ("choses", "elus")  # what a figure counts that is nobody's secret: things, holders of a public mandate
RELATION_PATTERN = r"^(fct|dim)_[a-z][a-z0-9_]*$"
Operator = Literal["+", "-", "*", "/"]
OPERATORS: dict[type[ast.operator], Operator] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}
_IN_WORDS = {"+": "+", "-": "−", "*": "×", "/": "÷"}
_COMPUTED: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}

Code = Annotated[str, PydanticField(pattern=CODE_PATTERN)]
Source = Annotated[str, PydanticField(pattern=SOURCE_PATTERN)]
Relation = Annotated[str, PydanticField(pattern=RELATION_PATTERN)]
Value = bool | int | str
Filter = dict[Name, Value | list[Value]]  # column → the value, or one of the values, that it must hold


def placeholders_of(text: str) -> list[str]:
    """The names of the families whose placeholders are in ``text``, in order."""
    return re.findall(rf"\{{({_PART})\}}", text)


class Presence(Declared):
    """The rows of a fact that make a member exist in an exercice."""

    fait: Relation
    filtre: Filter = PydanticField(default_factory=dict)


class Family(Declared):
    """The members that a placeholder represents, exercice by exercice: rows of a relation of the marts.

    ``code`` is also the column of the facts that identifies the member. The exercices of a member are those in the
    column ``exercice``, or those from ``debut`` to ``fin`` (empty: no bound), or all of them. ``filtre`` narrows the
    relation, ``presents_dans`` the members to those that a fact has in the exercice, or of which a report printed a
    figure. ``indicateurs`` names a relation that lists, member by member, the last parts of the codes that it has.
    """

    relation: Relation
    code: Name
    libelle: Name
    en_mots: str  # « de l’application », in a formula
    exercice: Name | None = None
    debut: Name | None = None
    fin: Name | None = None
    filtre: Filter = PydanticField(default_factory=dict)
    presents_dans: Presence | None = None
    indicateurs: Relation | None = None


class Measure(Declared):
    """An aggregate over the rows of a fact of the marts for the figure's exercice (and member of its family)."""

    fait: Relation
    agregat: Literal["somme", "maximum", "mediane", "nombre", "nombre_distinct"]
    colonne: Name | None = None
    filtre: Filter = PydanticField(default_factory=dict)
    si_vide: Literal["zero", "manquant", "sans_objet"] = "manquant"

    @model_validator(mode="after")
    def _column_fits(self) -> "Measure":
        if (self.agregat == "nombre") == (self.colonne is not None):
            raise ValueError("somme, maximum, mediane et nombre_distinct demandent une colonne ; nombre n’en a pas")
        if any(values == [] for values in self.filtre.values()):
            raise ValueError("filtre: une liste de valeurs vide ne retient aucune ligne")
        return self

    def in_words(self, family: Family | None, words: "Words") -> str:
        """The aggregate as a French sentence without full stop."""
        rows, column = words.of(self.fait), f"« {words.of(self.colonne or '')} » dans les {words.of(self.fait)}"
        what = {
            "somme": f"Somme de {column}",
            "maximum": f"Plus grande valeur de {column}",
            "nombre": f"Nombre {'d’' if rows[:1] in 'aàâeéèêiîoôuhœ' else 'de '}{rows}",
            "nombre_distinct": f"Nombre de valeurs distinctes de {column}",
            "mediane": f"Médiane de {column}",
        }[self.agregat]
        of = f"{family.en_mots} et de l’exercice" if family else "de l’exercice"
        where = f" ({', '.join(self.conditions(words))})" if self.filtre else ""
        empty = {"zero": "0", "manquant": "absent", "sans_objet": "sans objet"}[self.si_vide]
        return f"{what} {of}{where} ; {empty} si les exports reçus n’ont aucune ligne"

    def conditions(self, words: "Words") -> list[str]:
        """What a row must be to be counted, in French."""
        return [words.condition(column, value) for column, value in self.filtre.items()]


class Words(Declared):
    """The names of facts, their columns and the values of these in a formula; anything without an entry keeps its own name.

    A fact is named after its rows, in the plural (« tickets »), a column after its contents, a value after what it
    selects.
    """

    by_name: dict[str, str | dict[Value, str]] = PydanticField(default_factory=dict)

    def of(self, name: str) -> str:
        """The words of a fact or column."""
        words = self.by_name.get(name, name)
        return words if isinstance(words, str) else name

    def condition(self, column: str, value: Value | list[Value]) -> str:
        """What ``filtre`` keeps."""
        words, said = self.by_name.get(column), []
        for one in value if isinstance(value, list) else [value]:
            if isinstance(words, dict) and one in words:
                said.append(words[one])
            else:
                text = {True: "vrai", False: "faux"}[one] if isinstance(one, bool) else str(one)
                said.append(f"{self.of(column)} : {text}")
        return " ou ".join(said)


class Number(Declared):
    """A constant of an expression."""

    value: Decimal


class Operand(Declared):
    """A named operand of an expression."""

    name: str


class Operation(Declared):
    """Two terms and one of + - * /."""

    operator: Operator
    left: "Term"
    right: "Term"


Term = Number | Operand | Operation


def written(term: Term, operands: Mapping[str, str]) -> str:
    """An expression with French signs, parentheses where they matter; ``operands`` gives the text of each operand."""
    if isinstance(term, Number):
        return f"{term.value:,}".translate({ord(","): "\u202f", ord("."): ","})
    if isinstance(term, Operand):
        return operands[term.name]
    left, right = written(term.left, operands), written(term.right, operands)
    mine = _PRECEDENCE[term.operator]
    if isinstance(term.left, Operation) and _PRECEDENCE[term.left.operator] < mine:
        left = f"({left})"
    if isinstance(term.right, Operation):
        its = _PRECEDENCE[term.right.operator]
        right = f"({right})" if its < mine or (term.operator in "-/" and its == mine) else right
    return f"{left} {_IN_WORDS[term.operator]} {right}"


def computed(term: Term, operands: Mapping[str, Fraction | None]) -> Fraction | None:
    """The exact value of an expression; None when an operand has none, or on a division by zero."""
    if isinstance(term, Number):
        return Fraction(term.value)
    if isinstance(term, Operand):
        return operands[term.name]
    left, right = computed(term.left, operands), computed(term.right, operands)
    if left is None or right is None or (term.operator == "/" and right == 0):
        return None
    return _COMPUTED[term.operator](left, right)


def parse_expression(text: str) -> Term:
    """The tree of ``text``: + - * /, parentheses, names and numbers. Raises ValueError on anything else."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError:
        raise ValueError(
            f"l’expression « {text} » n’est pas un calcul : + - * /, parenthèses, noms et nombres"
        ) from None
    return _term(tree.body, text.strip())


def _term(node: ast.expr, text: str) -> Term:
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return Operation(operator=OPERATORS[type(node.op)], left=_term(node.left, text), right=_term(node.right, text))
    if isinstance(node, ast.Name):
        return Operand(name=node.id)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        written = ast.get_source_segment(text, node) or ""
        if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", written):  # kept as text, since a float would not be exact
            return Number(value=Decimal(written))
    raise ValueError(f"expression « {text} » : seuls + - * /, des noms et des nombres comme 35 ou 1.5 sont permis")


def operands_of(term: Term) -> list[str]:
    """The names that an expression uses, in order of appearance, once each."""
    if isinstance(term, Operand):
        return [term.name]
    if isinstance(term, Operation):
        return list(dict.fromkeys(operands_of(term.left) + operands_of(term.right)))
    return []


Needed = Name | list[Name] | Annotated[dict[Name, Value], PydanticField(min_length=1, max_length=1)]


def alternatives(said: Iterable[str | list[str] | dict[str, Value]]) -> list[tuple[str, ...]]:
    """Each name with its alternatives: a list among names holds alternatives."""
    return [(one,) if isinstance(one, str) else tuple(one) for one in said]


def values_of(said: Iterable[str | list[str] | dict[str, Value]]) -> dict[str, Value]:
    """The needed fields with a single counted value."""
    return {name: value for one in said if isinstance(one, dict) for name, value in one.items()}


# what only a measure gives → why an expression does without it
_OF_A_MEASURE = {
    "sans_effet": "repose sur ce dont dépendent ses opérandes",
    "indispensables": "est incomplète quand un opérande l’est",
    "pieces": "est incomplète quand un opérande l’est",
    "champs": "demande ce que demandent ses opérandes",
}


class Figure(Declared):
    """One figure of the report, or a family of them."""

    code: Code
    libelle: str
    unite: Annotated[str, BeforeValidator(lambda said: "EUR" if said == "€" else said)]
    decimales: int = PydanticField(ge=0, le=6)
    # what it counts; without it, the figure is not in the public profile
    compte: Literal["agents", "citoyens", "elus", "choses"] | None = None
    sources: list[Source | list[Source]] = PydanticField(default_factory=list)
    sans_effet: dict[Source, str] = PydanticField(default_factory=dict)
    indispensables: list[Literal["document", "mois"]] = PydanticField(default_factory=list)
    pieces: Filter = PydanticField(default_factory=dict)
    champs: list[Needed] = PydanticField(default_factory=list)
    mesure: Measure | None = None
    expression: str | None = None
    operandes: dict[Name, Code] = PydanticField(default_factory=dict)

    @model_validator(mode="after")
    def _measure_or_expression(self) -> "Figure":
        if (self.mesure is None) == (self.expression is None):
            raise ValueError("donner une mesure ou une expression, l’une des deux")
        if self.mesure and not self.sources:
            raise ValueError("une mesure nomme ses sources : système/table, ou */forme")
        if self.mesure and self.operandes:
            raise ValueError("une mesure n’a pas d’operandes")
        if self.expression is not None and self.sources:
            raise ValueError("les sources d’une expression sont celles de ses opérandes : retirer sources")
        for key, why in _OF_A_MEASURE.items():
            if self.expression is not None and getattr(self, key):
                raise ValueError(f"{key}: ne s’applique qu’à une mesure ; une expression {why}")
        return self

    @model_validator(mode="after")
    def _operands_are_used(self) -> "Figure":
        if self.expression is not None:
            used, given = set(operands_of(parse_expression(self.expression))), set(self.operandes)
            if used - given:
                raise ValueError(
                    f"l’expression emploie des noms que operandes ne donne pas : {', '.join(sorted(used - given))}"
                )
            if given - used:
                raise ValueError(f"operandes: l’expression n’emploie pas {', '.join(sorted(given - used))}")
            if not used:
                raise ValueError("une expression emploie au moins un opérande")
        return self

    @model_validator(mode="after")
    def _placeholders_agree(self) -> "Figure":
        if len(placeholders_of(self.code)) > 1:
            raise ValueError("code: une seule partie entre accolades")
        if set(placeholders_of(self.libelle)) != set(placeholders_of(self.code)):
            raise ValueError("code et libelle ont la même partie entre accolades, ou n’en ont ni l’un ni l’autre")
        for text in [*(source for group in self.alternatives for source in group), *self.operandes.values()]:
            if set(placeholders_of(text)) - {self.family}:
                raise ValueError(f"« {text} » a une partie entre accolades que le code n’a pas")
        return self

    @property
    def family(self) -> str | None:
        """The family for which the declaration means one figure per member."""
        return next(iter(placeholders_of(self.code)), None)

    @property
    def alternatives(self) -> list[tuple[str, ...]]:
        """The sources, each with its alternatives."""
        return alternatives(self.sources)

    @property
    def needs(self) -> list[tuple[str, ...]]:
        """The fields that it needs of a source that has them, each with its alternatives."""
        return alternatives(self.champs)

    @property
    def indicateur(self) -> str:
        """The last part of the code, by which the members of a family may name their figures."""
        return self.code.rpartition(".")[2]

    @property
    def term(self) -> Term:
        """The expression's tree."""
        return parse_expression(self.expression or "")


class Chapter(Declared):
    """A file of figures: one domain of the report."""

    domaine: Name
    titre: str | None = None  # given once per domain
    mots: dict[Name, str | dict[Value, str]] = PydanticField(default_factory=dict)  # see ``Words``
    familles: dict[Name, Family] = PydanticField(default_factory=dict)
    chiffres: list[Figure]
