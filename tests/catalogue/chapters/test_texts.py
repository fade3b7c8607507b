"""What the braces of a text refer to, found without running them."""

import pytest

from pipelines.catalogue.chapters.texts import KNOWN, WRITTEN, Unreadable, asked, codes_asked

TEXT = """\
« "a.b" » est cité. {{ f("rh.total", "un nombre a.c") }}
{% if connu("rh.total",
            'rh.part') and egaux("x.un", "x.deux") %}
{{ selon("x.un", "aucun", "un", "{} p.q") }}{{ f(chiffre) }}
{% endif %}{% set service = dit("rpt_a", "nom",
  est_b=true) %}{% for un in [1] %}{{ service }} {{ un }} {{ autre }}{% endfor %}
{{ dit(table, "nom") }} {# {{ f("z.z") }} #}
"""


def test_the_figures_the_columns_and_the_names_with_their_lines():
    found = asked(TEXT)
    figures = [(1, "rh.total"), (2, "rh.total"), (3, "rh.part"), (3, "x.un"), (3, "x.deux"), (4, "x.un")]
    assert sorted(found.figures) == sorted(figures)
    assert found.columns == [(5, "rpt_a", ["nom", "est_b"])]
    unset = {(line, name) for line, name in found.names if name not in KNOWN}
    assert unset == {(4, "chiffre"), (6, "autre"), (7, "table")}
    assert sorted(codes_asked(TEXT)) == ["rh.part", "rh.total", "x.deux", "x.un"]


@pytest.mark.parametrize(
    ("text", "line"), [("a\n{{ f( }}", 2), ("{% if x %}\n", 1), ("\n{{ x | grand }}", 2), ("{% fi %}", 1)]
)
def test_braces_that_cannot_be_read_have_their_line(text: str, line: int):
    with pytest.raises(Unreadable) as raised:
        asked(text)
    assert (raised.value.line, str(raised.value)) == (line, WRITTEN)
    assert codes_asked(text) == []
