"""The prose of a year, cut into pieces for a word processor and reassembled: untouched pieces keep their bytes."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.settings import PROJECT_ROOT
from pipelines.stages.report.manuscript import (
    BULLET,
    HEADING,
    LOCKED,
    NUMBER,
    PARAGRAPH,
    QUOTE,
    Line,
    NotWritten,
    Span,
    normal,
    read,
    readable,
    rewritten,
    written,
)
from pipelines.stages.report.prose import ProseError

SOURCE = """# Titre *penché*

Un mot **gras
et long**, {{ f("a.total",  "des") }} agents
à [l’adresse](https://exemple.fr "dite").

{% if connu("a.total") %}
Ce paragraphe

et celui-ci.
{% endif %}

- un
- deux \\* trois
  1. dedans


> Cité.
>
> Encore.

***

La fin, [renvoi][ici].

[ici]: https://exemple.fr/ici
"""


def words(text: str, **marks) -> tuple[Span, ...]:
    return (Span(text, **marks),)


def kinds(source: str) -> list[tuple[str, int]]:
    return [(line.kind, line.level) for line in read(source).lines]


@pytest.mark.parametrize(
    "path",
    [*(PROJECT_ROOT / "catalogue/report/texte").glob("*.md"), *(PROJECT_ROOT / "demo/contenu").rglob("*.md")],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_the_pieces_of_a_shipped_text_are_the_whole_of_it(path: Path):
    source = path.read_text(encoding="utf-8")
    text = read(source)
    assert "".join(one.before + one.source for one in text.pieces) + text.after == source
    assert rewritten(text, text.lines) == source


def test_a_text_is_cut_into_the_lines_of_a_document():
    text = read(SOURCE)
    assert kinds(SOURCE) == [
        (HEADING, 1),
        (PARAGRAPH, 0),
        (LOCKED, 0),
        (BULLET, 0),
        (BULLET, 0),
        (NUMBER, 1),
        (QUOTE, 0),
        (QUOTE, 0),
        (LOCKED, 1),
        (PARAGRAPH, 0),
    ]
    assert text.lines[1].spans == (
        Span("Un mot "),
        Span("gras et long", bold=True),
        Span(", "),
        Span(call='f("a.total", "des")'),
        Span(" agents à "),
        Span("l’adresse", link="https://exemple.fr/"),
        Span("."),
    )
    assert text.locked(0).startswith("{% if") and text.locked(0).endswith("{% endif %}\n") and text.locked(1) == "***\n"
    assert text.calls == ['f("a.total", "des")']


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_nobody_touched_keeps_its_bytes(newline: str):
    source = SOURCE.replace("\n", newline)
    text = read(source)
    assert rewritten(text, read(source).lines) == source
    lines = [*text.lines[:-1], Line(PARAGRAPH, words("Une autre fin."))]
    changed = rewritten(text, lines)
    untouched = source[: source.index("La fin")]
    assert changed.startswith(untouched) and "Une autre fin." in changed
    assert "[ici]: https://exemple.fr/ici" in changed  # another link may need it
    assert changed.count("\n") == changed.count(newline)


def test_only_the_piece_that_changed_is_written_anew():
    text = read(SOURCE)
    lines = list(text.lines)
    lines[4] = replace(lines[4], spans=words("deux et demi"))
    lines.insert(1, Line(PARAGRAPH, words("Nouveau.")))
    changed = rewritten(text, lines)
    before, after = SOURCE.split("- un\n- deux \\* trois\n  1. dedans\n\n\n")
    title, rest = before.split("\n\n", 1)
    assert changed == f"{title}\n\nNouveau.\n\n{rest}- un\n- deux et demi\n  1. dedans\n\n{after}"


def test_what_is_locked_can_be_moved_and_keeps_its_source():
    text = read(SOURCE)
    lines = [text.lines[2], *text.lines[:2], *text.lines[3:]]
    changed = rewritten(text, lines)
    assert changed.startswith(text.locked(0)) and changed.count("{% if") == 1


@pytest.mark.parametrize(
    "said",
    [
        "# pas un titre", "1. pas une liste", "2) non plus", "- ni celle-ci", "+ ni", "> pas cité", "a*b*c _d_ [e](f) `g`",
        "&eacute; &#233; & co", "<b>non</b>", "===", "---", "fin \\", "https://exemple.fr", "    en retrait", "~~~", "***",
    ],
)  # fmt: skip
def test_words_are_never_signs(said: str):
    for kind in (PARAGRAPH, BULLET, QUOTE):
        line = Line(kind, normal(words(said)))
        assert read(written([line])).lines == [line]


def test_marks_lists_titles_and_links_come_back():
    bold_then_both = (Span("un ", bold=True), Span("deux", bold=True, italic=True), Span(" trois", bold=True))
    lines = [
        Line(HEADING, words("Sous-titre"), 3),
        Line(PARAGRAPH, bold_then_both),
        Line(PARAGRAPH, (Span("avant\naprès "), Span("le lien", link="https://exemple.fr/a_(b)"))),
        Line(NUMBER, words("a")),
        Line(BULLET, words("b"), 1),
        Line(NUMBER, words("c"), 2),
        Line(NUMBER, words("d")),
        Line(QUOTE, (Span(call="exercice"), Span(" est l’année"))),
    ]
    assert read(written(lines)).lines == lines


MARKS = st.tuples(st.booleans(), st.booleans(), st.sampled_from([None, "https://exemple.fr"]))
PARTS = st.lists(st.tuples(st.text("ab *_[]()#-1.>\\&é’\n", min_size=1, max_size=5), MARKS), min_size=1, max_size=4)


@settings(max_examples=150)
@given(PARTS, st.sampled_from([PARAGRAPH, BULLET, QUOTE]))
def test_whatever_is_typed_comes_back_or_is_refused(parts, kind):
    spans = normal(Span(text, bold=bold, italic=italic, link=link) for text, (bold, italic, link) in parts)
    if not spans:
        return
    text = read("Avant.\n")
    lines = [*text.lines, Line(kind, spans)]
    try:
        changed = rewritten(text, lines)
    except NotWritten:
        return
    assert read(changed).lines == lines and changed.startswith("Avant.\n\n")


@pytest.mark.parametrize("said", ['{{ f("a") }}', "{% if x %}", "}} {{", "{# note #}"])
def test_code_is_not_typed_in_a_document(said: str):
    with pytest.raises(NotWritten, match="accolades"):
        rewritten(read(""), [Line(PARAGRAPH, words(said))])


@pytest.mark.parametrize(
    "source",
    [
        '{% if connu("a") %}jamais fermé',
        "un [lien]({{ adresse }})",
        "- un\n\n  deux paragraphes",
        "> - une liste citée",
        "{{- f('a') }} collé",
        "{# une note #}",
    ],
)
def test_what_no_document_holds_alike_is_locked(source: str):
    assert kinds(source) == [(LOCKED, 0)]


def test_a_mark_inside_of_the_same_one_ends_nothing():
    (line,) = read("**un __deux__ trois** quatre").lines
    assert line.spans == (Span("un deux trois", bold=True), Span(" quatre"))


def test_a_sign_that_is_used_here_is_refused():
    with pytest.raises(ProseError, match="U\\+F0000"):
        read("\U000f0000")


def test_lines_can_be_read():
    assert readable(read(SOURCE).lines)[:6] == [
        "# Titre penché",
        'Un mot gras et long, {{ f("a.total", "des") }} agents à l’adresse.',
        "[texte conditionnel]",
        "- un",
        "- deux * trois",
        "  1. dedans",
    ]
