"""What a home changes of the shipped catalogue, and what has changed upstream since."""

import json

import pytest

from pipelines.catalogue.diff import NOTES, changed_upstream, note_upstream, things_of_home
from pipelines.settings import Home
from tests.layers import Layer

FIELD = "{name}: {{title: {title}, description: Un sens.}}\n"


def fields(**titles: str) -> str:
    return "".join(FIELD.format(name=name, title=title) for name, title in titles.items())


@pytest.fixture
def home(shipped: Layer, tmp_path) -> Layer:
    """A home that replaces a field, adds one and switches one off."""
    shipped.write("catalogue/fields.yml", fields(a="A", b="B", c="C"))
    layer = Layer(tmp_path / "home")
    layer.write("catalogue/fields.yml", fields(a="À", d="D") + "b: {enabled: false}\n")
    return layer


def moved(shipped: Layer, home: Layer) -> set[str]:
    where = Home(home.root)
    return changed_upstream(shipped.catalogue(where), where)


def test_everything_of_the_home_is_listed_with_its_effect_and_its_place(shipped, home):
    home.write("catalogue/report/texte/neuf.md", "Un texte.\n")
    found = things_of_home(shipped.catalogue(Home(home.root)))
    assert {(one.effect, one.key, one.thing.place) for one in found} == {
        ("replaced", "field a", f"{home.root}/catalogue/fields.yml:1"),
        ("added", "field d", f"{home.root}/catalogue/fields.yml:2"),
        ("switched off", "field b", f"{home.root}/catalogue/fields.yml:3"),
        ("added", "prose neuf.md", f"{home.root}/catalogue/report/texte/neuf.md:1"),
    }


def test_a_home_without_declarations_changes_nothing(shipped, tmp_path):
    where = Home(tmp_path / "vide")
    where.root.mkdir()
    assert list(things_of_home(shipped.catalogue(where))) == []
    assert moved(shipped, Layer(where.root)) == set()
    assert list(where.root.iterdir()) == []


def test_a_replaced_or_disabled_declaration_that_changes_upstream_is_reported_until_reviewed(shipped, home):
    assert moved(shipped, home) == set()
    for titles, expected in (
        ({"a": "A", "b": "B", "c": "Autre"}, set()),  # nothing that the home speaks of
        ({"a": "Autre", "b": "B", "c": "C"}, {"field a"}),
        ({"a": "Autre", "b": "Autre", "c": "C"}, {"field a", "field b"}),
        ({"a": "A", "b": "Autre", "c": "C"}, {"field b"}),  # as it was
    ):
        shipped.write("catalogue/fields.yml", "# une remarque\n" + fields(**titles))
        for _ in range(2):
            assert moved(shipped, home) == expected
    where = Home(home.root)
    note_upstream(shipped.catalogue(where), where, again=True)
    assert moved(shipped, home) == set()


def test_a_home_that_answers_the_change_has_reviewed_it(shipped, home):
    assert moved(shipped, home) == set()
    shipped.write("catalogue/fields.yml", fields(a="Autre", b="Autre", c="C"))
    assert moved(shipped, home) == {"field a", "field b"}
    home.write("catalogue/fields.yml", fields(a="Nôtre", d="D") + "b: {enabled: false}\n")
    assert moved(shipped, home) == {"field b"}  # rewritten with what is shipped now in sight


def test_what_the_home_gives_up_is_forgotten(shipped, home):
    moved(shipped, home)
    home.write("catalogue/fields.yml", fields(d="D"))
    assert moved(shipped, home) == set()
    assert json.loads((home.root / "catalogue" / NOTES).read_text(encoding="utf-8")) == {}


def test_damaged_notes_are_made_anew(shipped, home):
    moved(shipped, home)
    home.write(f"catalogue/{NOTES}", "{")
    assert moved(shipped, home) == set()
    assert set(json.loads((home.root / "catalogue" / NOTES).read_text(encoding="utf-8"))) == {"field a", "field b"}


def test_a_home_that_only_replaces_a_model_has_its_notes_too(shipped, tmp_path):
    shipped.write("dbt_project/models/rapport/rpt_a.sql", "select 1 as un\n")
    home = Layer(tmp_path / "home")
    home.write("dbt_project/models/rapport/rpt_a.sql", "select 2 as un\n")
    assert moved(shipped, home) == set()
    shipped.write("dbt_project/models/rapport/rpt_a.sql", "select 3 as un\n")
    assert moved(shipped, home) == {"model rpt_a"}
