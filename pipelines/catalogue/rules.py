"""The rules that can refuse a line or a delivery, or raise a finding: their grammar, and the exception for a refusal.

``rules.yml`` has the text of each, in French, for the supplier of a file. The checks themselves are the work of the
stages.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pipelines.catalogue.overlay import Overlay, Thing
from pipelines.catalogue.source_grammar import Declared
from pipelines.catalogue.yaml_file import DeclarationError

# The engine itself applies these rules: a home may reword them but not switch them off.
ENGINE = ("ATT", "COL", "DBT", "FIC", "LAC", "LIG", "REL", "SEC", "TOTAL")

SENTENCES = ("attendu", "recu", "complement")  # templates over a row of the rule's control (``wording``)


class Said(Declared):
    """The text of one rule in ``rules.yml``; ``complement`` follows ``aide``."""

    titre: str
    aide: str
    attendu: str | None = None
    recu: str | None = None
    complement: str | None = None
    a_decider: bool = False
    fait_compter: bool = False
    retire: Literal["rien", "réserve", "manque"] = "rien"


class Rule(Said):
    """One rule: its code, its title, how to fix what it refuses and the effect of a breach (French).

    ``a_decider``: a year cannot be frozen while such a finding exists without a decision, although it blocks nothing
    else. ``fait_compter``: accepting such a finding makes what it is about count; the acceptance is an input of the
    build, and has no end. ``retire``: what such a finding of the collection takes away from the figures of its tables; the
    row of a control says so itself.
    """

    code: str
    effet: str
    is_on: bool = True  # a home may want no finding from a rule


Rules = Mapping[str, Rule]  # by code


def make_rules(rules: Overlay, effects: Overlay) -> dict[str, Rule]:
    """Every rule, by code; one that is switched off keeps its text. Raises DeclarationError naming file and line."""
    for thing in effects:
        if not isinstance(thing.data, str):
            raise DeclarationError(f"{thing.place} effets.{thing.name}: une phrase est attendue")
    for code, thing in rules.off.items():
        if family(code) in ENGINE:
            raise DeclarationError(
                f"{thing.place} enabled: le moteur refuse par {code}, qui ne peut pas être désactivé"
            )
    for code, thing in rules.replaced.items():
        is_awaited = code in rules and family(code) in ENGINE and thing.data.get("a_decider")
        if is_awaited and rules[code].data.get("a_decider") is not True:
            place = rules[code].at("a_decider")
            raise DeclarationError(f"{place} a_decider: un exercice attend {code} : cette clé reste true")
    said = {**rules.on, **{code: rules.replaced[code] for code in rules.off}}
    return {code: _rule(thing, effects, rules.replaced.get(code), is_on=code in rules) for code, thing in said.items()}


def _rule(thing: Thing, effects: Overlay, shipped: Thing | None, *, is_on: bool) -> Rule:
    """``shipped``: the rule that a home's replaces, and whose control keeps its sentences unless the home writes others."""
    effect = next((effects[name].data for name in (thing.name, family(thing.name)) if name in effects), None)
    if effect is None:
        off = next((effects.off[name] for name in (thing.name, family(thing.name)) if name in effects.off), None)
        why = f" ({off.place} le désactive)" if off else ""
        raise DeclarationError(f"{thing.place} {thing.name}: effets ne dit rien de {family(thing.name)}{why}")
    kept = shipped.parsed(Said).model_dump(include={*SENTENCES}) if shipped else {}
    own = thing.parsed(Said).model_dump(exclude_none=True)
    return Rule(code=thing.name, effet=effect, is_on=is_on, **kept | own)


def family(code: str) -> str:
    """``LIG`` of ``LIG-TYPE``."""
    return code.partition("-")[0]


def where(fichier: str, feuille: str | None) -> str:
    """A file, or a sheet of it, as messages name it."""
    return f"{fichier}, feuille « {feuille} »" if feuille else fichier


class DeliveryRefused(Exception):
    """A whole delivery that cannot be read, with where, what was received and what was expected.

    ``code`` is that of a rule. ``recu`` must never be a cell of a table that has personal columns.
    """

    def __init__(
        self,
        code: str,
        *,
        fichier: str = "",
        ligne: int | None = None,
        colonne: str | None = None,
        recu: str | None = None,
        attendu: str = "",
    ):
        self.code = code
        self.fichier, self.ligne, self.colonne, self.recu, self.attendu = fichier, ligne, colonne, recu, attendu
        super().__init__(self._sentence(code))

    def sentence(self, rules: Rules) -> str:
        """One line a supplier can read: where, rule, received, expected, how to fix."""
        rule = rules[self.code]
        return self._sentence(f"{rule.code} {rule.titre}", rule.aide)

    def _sentence(self, what: str, *after: str) -> str:
        where = ":".join(str(part) for part in (self.fichier, self.ligne, self.colonne) if part not in (None, ""))
        received = [f"reçu : {self.recu}"] if self.recu is not None else []
        expected = [f"attendu : {self.attendu}"] if self.attendu else []
        return " — ".join([f"{where} {what}".strip(), *received, *expected, *after])

    def as_dict(self, rules: Rules) -> dict[str, Any]:
        """The same, for the ledger."""
        return {
            **rules[self.code].model_dump(include={"code", "titre", "aide", "a_decider"}),
            **{name: getattr(self, name) for name in ("fichier", "ligne", "colonne", "recu", "attendu")},
        }
