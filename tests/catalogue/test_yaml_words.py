"""The messages of the libraries that read declarations are translated: the tests provoke every message instead of listing them."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

import pipelines.catalogue.needs  # every grammar is there
from pipelines.catalogue.source_grammar import Declared
from pipelines.catalogue.yaml_words import PYDANTIC, known_keys, of_pydantic, of_yaml
from tests.french import english, python

assert pipelines.catalogue.needs
OURS = {"value_error", "unknown_field"}
VALUES = [
    None,
    True,
    3,
    -1,
    1e9,
    2.5,
    float("nan"),
    "",
    "x",
    "Nom É",
    "x" * 80,
    "9" * 40,
    [],
    ["", "x"],
    [[]],
    {},
    {"x": 1},
    {1: []},
]


def grammars(kind: type[BaseModel] = Declared) -> Iterator[type[BaseModel]]:
    for below in kind.__subclasses__():
        yield below
        yield from grammars(below)


def mistakes() -> Iterator[dict]:
    """What pydantic says of each key of each grammar, given each of these values."""
    for grammar in grammars():
        for key in [*grammar.model_fields, "clé"]:
            for value in VALUES:
                try:
                    grammar.model_validate({key: value})
                except ValidationError as error:
                    yield from error.errors()


def test_every_kind_of_mistake_has_its_french_words():
    met = {error["type"] for error in mistakes()}
    assert len(met) > 15
    assert met - PYDANTIC.keys() - OURS == set()


def test_no_mistake_is_reported_in_english():
    said = {of_pydantic(error) for error in mistakes()}
    assert len(said) > 100
    assert [one for one in said if english(one) or python(one)] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: b: c", "un « : » de trop"),
        ("a: 1\nb\n", "il manque « : »"),
        ("a: 'b", "ne sont pas fermés"),
        ("a: [b", "« ] »"),
        ("a: {b", "« } »"),
        ("a:\n\t- b", "une tabulation"),
        ("a: @b", "une tabulation, ou un signe"),
        ("a: *b", "un alias"),
        ("a: [b]]", "vérifier l’alignement"),
        ("- a\nb: c", "vérifier l’alignement"),
        ('a: "\\q"', "une barre oblique inverse"),
        ("a: !b c", "une étiquette"),
        ("a: b\n---\nc: d", "un seul document"),
        ("a: &x 1\nb: &x 2\n", "une ancre"),
    ],
)
def test_invalid_yaml_is_reported_in_french(text: str, said: str):
    with pytest.raises(yaml.MarkedYAMLError) as raised:
        yaml.load(text, Loader=yaml.CSafeLoader)
    told = of_yaml(raised.value.problem)
    assert said in told and not english(told), raised.value.problem


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [(Literal["a", "b", "c"], "d", "a, b, c"), (Literal["seul"], 3, "seul")],
)
def test_the_words_that_are_expected_are_listed_without_english_ones(kind: Any, value: object, said: str):
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(kind).validate_python(value)
    (error,) = raised.value.errors()
    assert re.search(rf"\b{said}\b(?!’)", of_pydantic(error)) and "'" not in of_pydantic(error)


class Rue(BaseModel, extra="forbid"):
    genre: Literal["rue"]
    ville: str = ""


class Place(BaseModel):
    genre: Literal["place"]


def never(value: str) -> str:
    raise ValueError(f"« {value} » est pris")


def strange(value: str) -> str:
    raise PydanticCustomError("unknown_field", "{said}", {"said": f"aucun champ « {value} »"})


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Annotated[str, Field(pattern="^[0-9]{9}$")], "12", "est attendu un nombre de neuf chiffres, et non « 12 »"),
        (Annotated[str, Field(pattern="^a+$")], "b", "est attendu un texte de la forme ^a+$, et non « b »"),
        (Annotated[str, AfterValidator(never)], "12", "« 12 » est pris"),
        (Annotated[str, AfterValidator(strange)], "nom", "aucun champ « nom »"),
        (
            Annotated[Rue | Place, Field(discriminator="genre")],
            {"genre": "pont"},
            "une de ces valeurs est attendue sous genre : rue, place, et non « pont »",
        ),
        (Rue, {"genre": "rue", "vile": "x"}, "cette clé n’existe pas ici ; vouliez-vous dire « ville » ?"),
    ],
)
def test_a_mistake_says_what_is_expected_and_what_was_given(kind: Any, value: object, said: str):
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(kind).validate_python(value)
    (error,) = raised.value.errors()
    assert of_pydantic(error, known_keys(Rue)) == said


def test_an_unknown_problem_is_reported_in_general_words():
    assert not english(of_yaml("a problem that nobody has met")) and of_yaml(None) == of_yaml("x")
