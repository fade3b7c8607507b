"""Checks that apply to every audit page."""

import re
from html.parser import HTMLParser

from lxml import html

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Balance(HTMLParser):
    """Collects what is not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")


def assert_sound(text: str) -> html.HtmlElement:
    """Every tag closed in order, no script, nothing outside, headers with a scope, identifiers once."""
    balance = Balance()
    balance.feed(text)
    assert balance.wrong == [] and balance.open == []
    page = html.fromstring(text)
    assert page.get("lang") == "fr"
    assert page.xpath("//script|//iframe|//object|//img|//link") == []
    assert [a for a in page.xpath("//@*") if re.match(r"(https?:)?//", a)] == []
    assert [n for e in page.iter() if isinstance(e.tag, str) for n in e.attrib if n.startswith("on")] == []
    assert [th.text_content() for th in page.xpath("//th[not(@scope)]")] == []
    assert page.xpath("//table[not(caption)]") == []
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {a[1:] for a in page.xpath("//a/@href") if a.startswith("#")} <= set(ids)
    return page


def assert_same_content(page: html.HtmlElement, data: dict) -> None:
    """What the JSON lists is in the page, as many times."""
    checks = sum(len(table["controles"]) for table in data["controles"]["tables"])
    counts = {
        "//table[@id='exports']/tbody/tr": len(data["collecte"]["exports"]),
        "//tr[@class='controle']": checks,
        "//tr[@class='test']": len(data["entrepot"]["tests"]),
        "//tr[@class='rapprochement']": len(data["rapprochements"]["publies"]["lignes"]),
        "//tr[starts-with(@class, 'constat')]": len(data["constats"]),
        "//details[starts-with(@class, 'tiree')]": len(data["echantillon"]["lignes"]),
        "//dl[contains(@class, 'version')]": len(data["versions"]),
        "//p[@id='verdict']/a": len(data["verdict"]["raisons"]),
        "//ul[@id='cles']/li": 5,
    }
    assert {path: len(page.xpath(path)) for path in counts} == counts
    assert ("✓ Publiable" in page.text_content()) is data["verdict"]["publiable"]
    assert checks == data["controles"]["total"]
