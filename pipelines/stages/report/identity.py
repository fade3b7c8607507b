"""The parts of the report about the organisation (logo, portraits, signature, organisation chart), and its glossary."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines import french
from pipelines.catalogue.organisation import Identite, Image, Organisation
from pipelines.stages.report.images import picture

Model = dict[str, Any]
UNREAD = {"id", "genre", "source", "cible", "chiffre", "code", "forme"}  # keys whose texts are not for readers


def identity(identite: Identite, images: Path) -> Model:
    """The look and the mentions of the report. Raises ProseError: a picture cannot be read."""
    return {
        "couleur": identite.couleur,
        "logo": _picture(identite.logo, images),
        "couverture": _picture(identite.couverture, images),
        "mentions": identite.mentions,
        "contact": identite.contact,
    }


def presented(genre: str, organisation: Organisation, known: Mapping[str, Model]) -> Model | None:
    """A block of organisation.yml, with the ``portraits`` that are known; None when it says nothing of it."""
    if genre == "signature":
        return _signature(organisation.identite, known)
    services = [one.model_dump() for one in organisation.organigramme]
    return {"genre": "organigramme", "services": services} if services else None


def portraits(identite: Identite, images: Path) -> dict[str, Model]:
    """The name of a person in capitals → its picture. Raises ProseError: a picture cannot be read."""
    return {one.nom.upper(): found for one in identite.elus if (found := _picture(one.portrait, images))}


def face(names: list[str], known: Mapping[str, Model]) -> Model:
    """What stands beside the names of a person: the picture or, without one, the initials."""
    return {"initiales": "".join(one[0].upper() for one in names), "portrait": known.get(" ".join(names).upper())}


def _signature(identite: Identite, known: Mapping[str, Model]) -> Model | None:
    signed = identite.signature
    if signed is None:
        return None
    said = {"titre": "", "texte": french.capitalised(signed.fonction)}
    return {
        "genre": "signature",
        "titre": signed.nom,
        "details": [said],
        **face(signed.nom.split(" ", 1), known),
    }


def glossary(terms: dict[str, str], shown: Any) -> list[Model]:
    """The terms used in what is shown, in order; a term all in capitals is an acronym, and is matched as such."""
    text = " ".join(_texts(shown))
    used = [term for term in terms if _pattern(term).search(text)]
    return [{"terme": term, "sens": terms[term]} for term in sorted(used, key=french.plain)]


def pictures(model: Any) -> Iterator[Model]:
    """Every picture of a model."""
    if isinstance(model, dict) and "donnees" in model and "alternatif" in model:
        yield model
    elif isinstance(model, dict | list):
        for one in model.values() if isinstance(model, dict) else model:
            yield from pictures(one)


def _picture(image: Image | None, images: Path) -> Model | None:
    if image is None:
        return None
    return picture(images / image.fichier, image.alternatif, f"contenu/images/{image.fichier}")


def _pattern(term: str) -> re.Pattern[str]:
    words = r"s?\s+".join(map(re.escape, term.split()))
    return re.compile(rf"\b{words}s?\b", 0 if term.isupper() else re.IGNORECASE)


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for name, value in part.items():
            if name not in UNREAD and name != "donnees":
                yield from _texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from _texts(value)


def _node(kind: str, *children: Model) -> Model:
    return {"genre": kind, "enfants": list(children)}


def _words(text: str) -> Model:
    return {"genre": "texte", "texte": text}
