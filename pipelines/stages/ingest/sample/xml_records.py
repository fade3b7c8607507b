"""Reads a sample of XML: which elements are its records, and what they are called."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from pipelines.catalogue.headings import UP
from pipelines.catalogue.scaffold.sample import Sample
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.stages.ingest.readers.xml_outline import Outline
from pipelines.stages.ingest.sample.named_records import named_sample

Leaves = list[tuple[str, str]]


def of_xml(path: Path, name: str) -> Sample:
    """The repeated elements with the most fields. Raises DeclarationError, or DeliveryRefused for unsound XML."""
    Outline(name).read(path)
    options = {"resolve_entities": False, "no_network": True, "load_dtd": False}
    root = etree.parse(path, etree.XMLParser(remove_comments=True, remove_pis=True, **options)).getroot()
    found: dict[str, list[etree._Element]] = {}
    for element in root.iter():
        found.setdefault(_path_of(element), []).append(element)
    repeated = {at: [list(_leaves(one)) for one in all_] for at, all_ in found.items() if len(all_) > 1}
    if not repeated:
        raise DeclarationError(f"{name} : aucun élément ne se répète : pas d’enregistrement à lire")
    at = _of_records(repeated)
    several = _several(repeated[at])
    records = [{heading: text for heading, text in record if heading not in several} for record in repeated[at]]
    told: dict[etree._Element, dict[str, str]] = {}
    for element, record in zip(found[at], records, strict=True):
        inside = element
        for steps, holder in enumerate(element.iterancestors(), start=1):
            if holder not in told:
                told[holder] = _beside(holder, etree.QName(inside).localname)
            record |= {UP * steps + heading: text for heading, text in told[holder].items()}
            inside = holder
    doubt = f"laissé de côté, plusieurs dans un même enregistrement : {', '.join(several)}" if several else ""
    return named_sample(name, "xml", records, at, doubt)


def _of_records(repeated: dict[str, list[Leaves]]) -> str:
    """The elements with the most fields, or those that repeat inside them, if these have more fields of their own."""
    at = max(repeated, key=lambda one: sum(map(len, repeated[one])))
    while several := _several(repeated[at]):
        own = {heading for record in repeated[at] for heading, _ in record} - {*several}
        inside = [
            path
            for path in repeated
            if path.startswith(f"{at}/") and any(f"{one}/".startswith(f"{path[len(at) + 1 :]}/") for one in several)
        ]
        most = max(inside, key=lambda one: sum(map(len, repeated[one])))
        if len({heading for record in repeated[most] for heading, _ in record}) < len(own):
            break
        at = most
    return at


def _several(records: list[Leaves]) -> list[str]:
    """The headings that one record has several times."""
    counts = [Counter(heading for heading, _ in record) for record in records]
    return sorted({heading for one in counts for heading, count in one.items() if count > 1})


def _beside(holder: etree._Element, inside: str) -> dict[str, str]:
    """What an element says once, beside those of its elements that lead to records."""
    found = [(f"@{key}", str(text)) for key, text in holder.attrib.items() if not etree.QName(key).namespace]
    for child in holder:
        if (name := etree.QName(child).localname) != inside:
            found += _leaves(child, f"{name}/")
    several = _several([found])
    return {heading: text for heading, text in found if heading not in several}


def _path_of(element: etree._Element) -> str:
    return "/".join(etree.QName(one).localname for one in (*reversed([*element.iterancestors()]), element))


def _leaves(element: etree._Element, path: str = "") -> Iterator[tuple[str, str]]:
    """(heading, text) of a record's attributes and texts, headings as collection writes them."""
    for key, text in element.attrib.items():
        yield f"{path}@{etree.QName(key).localname}", str(text)
    if not len(element):
        yield path.rstrip("/") or ".", (element.text or "").strip()
    for child in element:
        yield from _leaves(child, f"{path}{etree.QName(child).localname}/")
