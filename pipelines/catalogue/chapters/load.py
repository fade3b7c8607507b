"""The chapters in effect, and the dbt exposures that follow from them.

``make_chapter`` refuses any mistake with file and line: an unknown key, a block's identifier given twice, missing
prose.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from pipelines.catalogue.chapters.grammar import Chapitre
from pipelines.catalogue.overlay import Overlay, Thing
from pipelines.catalogue.yaml_file import DeclarationError

AnyChapter = TypeVar("AnyChapter", bound=Chapitre)
# The exposures beside the chapters: the annex on each figure, and how far the year was collected and agrees.
ANNEX = ("annexe_sources", "Sources et méthode", ("chiffres", "rpt_rapprochement_publie", "rpt_absences_contredites"))
STATE = ("annexe_collecte", "L’état de la collecte et les rapprochements")


def make_chapter(thing: Thing, texts: Overlay, grammar: type[AnyChapter]) -> AnyChapter:
    """One chapter; ``texts`` are those that are the same every year. Raises DeclarationError naming file and line."""
    chapter = thing.parsed(grammar)
    for s, section in enumerate(chapter.sections):
        for b, bloc in enumerate(section.blocs):
            if bloc.genre == "texte" and bloc.fichier not in texts:
                place, off = thing.at("sections", s, "blocs", b), texts.off.get(bloc.fichier)
                why = f"est désactivé dans {off.place}" if off else "n’existe pas"
                raise DeclarationError(f"{place} fichier: texte/{bloc.fichier} {why}")
    return chapter


def refuse_same_identifiers(things: Iterable[Thing]) -> None:
    """A title is found by its identifier: raise DeclarationError when two have the same."""
    seen: dict[str, str] = {}
    for thing in things:
        chapter = thing.parsed(Chapitre)
        named = [(chapter.id, thing.at("id"))]
        for s, section in enumerate(chapter.sections):
            named.append((section.id, thing.at("sections", s, "id")))
            for b, bloc in enumerate(section.blocs):
                if identity := getattr(bloc, "id", None):
                    named.append((identity, thing.at("sections", s, "blocs", b)))
        for name, place in named:
            if name in seen:
                raise DeclarationError(f"{place} id: « {name} » est déjà dans {seen[name]}")
            seen[name] = place


def exposures(printed: list[Chapitre], models: Iterable[str]) -> list[dict[str, Any]]:
    """The dbt exposures: one per chapter, so that lineage ends at what is printed; ``models`` are those of ``rapport``.

    What neither a chapter nor the annex prints is for the people who check the year.
    """
    named = [(f"chapitre_{c.id.replace('-', '_')}", c.titre, c.tables) for c in printed] + [ANNEX]
    known = sorted(models)
    shown = {table for _, _, tables in named for table in tables}
    found = [(name, title, [table for table in tables if table in known]) for name, title, tables in named]
    found.append((*STATE, [table for table in known if table not in shown]))
    return [
        {
            "name": name,
            "label": title,
            "type": "analysis",
            "maturity": "high",
            "description": f"Rapport d’activité : {title}.",
            "owner": {"name": "Rédaction du rapport d’activité"},
            "depends_on": [f"ref('{table}')" for table in tables],
        }
        for name, title, tables in found
        if tables
    ]
