"""pydantic's and PyYAML's messages about a declaration, in French: a mistake of an unlisted kind gets a general message.

``tests/catalogue/test_yaml_words.py`` checks these lists against what the two libraries can say.
"""

import functools
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pipelines.did_you_mean import suggestion

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MAPPING = "des clés et leurs valeurs sont attendues (clé: valeur)"
LONGEST = 60  # characters of a value that are shown

# type of pydantic's error → what was expected, in terms of the values that it gives
PYDANTIC = {
    "missing": "cette clé manque",
    "extra_forbidden": "cette clé n’existe pas ici",
    "invalid_key": "une clé est un texte",
    "string_type": "un texte est attendu",
    "string_too_short": "un texte plus long est attendu (longueur : {min_length} au moins)",
    "string_too_long": "un texte plus court est attendu (longueur : {max_length} au plus)",
    "string_pattern_mismatch": "est attendu {pattern}",
    "int_type": "un nombre entier est attendu",
    "int_parsing": "un nombre entier est attendu",
    "int_parsing_size": "un nombre entier plus petit est attendu",
    "int_from_float": "un nombre entier est attendu",
    "float_type": "un nombre est attendu",
    "float_parsing": "un nombre est attendu",
    "finite_number": "un nombre est attendu",
    "decimal_type": "un nombre est attendu",
    "decimal_parsing": "un nombre est attendu",
    "decimal_max_digits": "un nombre d’au plus {max_digits} chiffres est attendu",
    "bool_type": "true ou false est attendu",
    "bool_parsing": "true ou false est attendu",
    "none_required": "aucune valeur n’est attendue",
    "greater_than": "un nombre plus grand que {gt} est attendu",
    "greater_than_equal": "un nombre d’au moins {ge} est attendu",
    "less_than": "un nombre plus petit que {lt} est attendu",
    "less_than_equal": "un nombre d’au plus {le} est attendu",
    "literal_error": "une de ces valeurs est attendue : {expected}",
    "union_tag_invalid": "une de ces valeurs est attendue sous {discriminator} : {expected_tags}",
    "union_tag_not_found": "il manque {discriminator}",
    "list_type": "une liste est attendue",
    "tuple_type": "une liste est attendue",
    "dict_type": MAPPING,
    "model_type": MAPPING,
    "model_attributes_type": MAPPING,
    "too_short": "il en faut au moins {min_length}",
    "too_long": "il en faut au plus {max_length}",
}
PATTERNS = {  # in words
    r"^[a-z][a-z0-9_]{0,62}$": "un nom fait de minuscules sans accent, de chiffres et de _, une lettre d’abord",
    r"^[a-z][a-z0-9-]*$": "un nom fait de minuscules sans accent, de chiffres et de tirets, une lettre d’abord (transport-scolaire)",
    r"^[0-9]{9}$": "un nombre de neuf chiffres",
    r"^[0-9]{14}$": "un nombre de quatorze chiffres",
    r"^[0-9][0-9AB][0-9]{3}$": "un code Insee de cinq caractères, entre guillemets",
    r"^P[1-9]\d*[YM]$": "une durée, comme P5Y (cinq ans) ou P18M (dix-huit mois)",
    r"^\d{4}-(0[1-9]|1[0-2])$": "un mois, comme 2020-03",
}
OTHER = "cette valeur n’est pas permise"
WITHOUT_VALUE = ("missing", "extra_forbidden", "union_tag_not_found", "too_short", "too_long")

# what PyYAML's problem begins with → how to fix it
YAML = {
    "mapping values are not allowed": "un « : » de trop, ou un qui manque au-dessus ; mettre entre guillemets un texte qui en contient",
    "could not find expected ':'": "il manque « : » après la clé",
    "did not find expected key": "une clé est attendue : vérifier l’alignement et les guillemets",
    "did not find expected '-' indicator": "un tiret de liste est attendu : vérifier l’alignement",
    "did not find expected ',' or ']'": "il manque « , » ou « ] »",
    "did not find expected ',' or '}'": "il manque « , » ou « } »",
    "did not find expected node content": "il manque une valeur",
    "did not find expected comment or line break": "rien ne peut suivre sur cette ligne",
    "did not find expected <document start>": "le texte reprend après la fin du document : vérifier l’alignement",
    "did not find expected": "le texte ne se lit pas ici : vérifier l’alignement et les guillemets",
    "found character that cannot start any token": "une tabulation, ou un signe comme @ % ` qui se met entre guillemets",
    "found a tab character": "une tabulation : la remplacer par des espaces",
    "found unexpected end of stream": "des guillemets, un crochet ou une accolade ne sont pas fermés",
    "found unexpected document indicator": "« --- » ou « ... » au milieu d’un texte",
    "found unknown escape character": "une barre oblique inverse de trop : mettre le texte entre apostrophes",
    "found undefined alias": "un alias (*) sans son ancre (&)",
    "second occurrence": "une ancre (&) donnée deux fois",
    "found undefined tag": "une étiquette (!) inconnue",
    "could not determine a constructor": "une étiquette (!) inconnue",
    "block sequence entries are not allowed": "une liste ne peut pas commencer ici : vérifier l’alignement",
    "block mapping": "des clés ne peuvent pas commencer ici : vérifier l’alignement",
    "but found another document": "un seul document par fichier : retirer « --- »",
    "control characters are not allowed": "un caractère de contrôle y est",
}


@functools.cache
def known_keys(grammar: Any) -> frozenset[str]:
    """The keys of a grammar, at any depth; a grammar may contain itself."""
    keys, left, seen = set(), [grammar], set()
    while left:
        one = left.pop()
        own = getattr(one, "model_fields", {})
        keys |= {*own}
        inner = [field.annotation for field in own.values()] or get_args(one)
        left += [part for part in inner if (isinstance(part, type) or get_origin(part)) and part not in seen]
        seen.update(left)
    return frozenset(keys)


def of_pydantic(error: "ErrorDetails", known: Collection[str] = ()) -> str:
    """One mistake: what is expected, and what was given if it is a short value; ``known`` are the keys of the grammar."""
    context = error.get("ctx", {})
    if error["type"] == "value_error":  # ours, already in French
        return str(context["error"])
    if error["type"] == "unknown_field":
        return str(context["said"])
    said = PYDANTIC.get(error["type"], OTHER).format(**{key: _said(key, value) for key, value in context.items()})
    if error["type"] == "extra_forbidden":
        key = str(error["loc"][-1])
        said += suggestion(key, {*known} - {key})
    given = "" if error["type"] in WITHOUT_VALUE else _given(context.get("tag", error["input"]))
    return f"{said}{f', et non {given}' if given else ''}"


def _said(key: str, value: Any) -> Any:
    """pydantic's expectation: ``'a', 'b' or 'c'`` → ``a, b, c``, a pattern in words when it has some."""
    if key == "pattern":
        return PATTERNS.get(value, f"un texte de la forme {value}")
    if not isinstance(value, str):
        return value
    return ", ".join(re.findall("'([^']*)'", value)) or {"True": "true", "False": "false"}.get(value, value)


def _given(value: Any) -> str:
    """A value as a reader of the file knows it."""
    if value in (None, ""):
        return "une valeur vide"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "une liste"
    if isinstance(value, dict):
        return "des clés"
    text = str(value)
    return f"« {text} »" if len(text) <= LONGEST else f"« {text[:LONGEST]}… »"


def of_yaml(problem: str | None) -> str:
    """Why a text is not YAML, and how to fix it."""
    found = (french for english, french in YAML.items() if english in (problem or ""))
    return next(found, "vérifier l’alignement, les guillemets et les deux-points")
