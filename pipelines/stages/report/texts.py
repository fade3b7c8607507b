"""The texts of a year: those that the chapters print, written or not, then whatever else is in its folder."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pipelines.catalogue.chapters.grammar import Chapitre
from pipelines.stages.report.model import FIGURES, Editor

ABSENT = "absent"  # instead of the fingerprint of a text that nobody wrote yet


@dataclass(frozen=True)
class Prose:
    """A text of a year: its path under ``contenu/<exercice>``, its name for readers, its source (None before it is written)."""

    path: str
    title: str
    source: str | None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the file."""
        return ABSENT if self.source is None else hashlib.sha256(self.source.encode()).hexdigest()


def texts_of(folder: Path, declared: dict[str, str], titles: dict[str, str]) -> list[Prose]:
    """The texts of ``contenu/<exercice>``: those that a chapter prints, written or not, in its order, then the others.

    ``declared`` are the former with their titles, ``titles`` those of others that are only printed where they are written.
    """
    there = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md")) if folder.is_dir() else []
    names = dict.fromkeys([*declared, *there])
    return [prose_at(folder, name, declared.get(name) or titles.get(name, "")) for name in names]


def prose_at(folder: Path, name: str, title: str = "") -> Prose:
    """One text of ``contenu/<exercice>``, its line ends as they are."""
    path = folder / name
    return Prose(name, title, path.read_bytes().decode("utf-8") if path.is_file() else None)


def declared_texts(editor: Editor, chapters: list[Chapitre]) -> dict[str, str]:
    """The texts of the year that the chapters print and can name, each with its title: their own, then the explanations of alarms."""
    found = {}
    for chapter in chapters:
        for section in chapter.sections:
            titles = [one for one in (chapter.titre, section.titre) if one and not section.pour_chaque]
            for bloc in section.blocs:
                if bloc.genre == "contenu" and "{" not in bloc.fichier:
                    found.setdefault(bloc.fichier, " – ".join(titles).format(**editor.names))
    printed = {table for chapter in chapters for table in chapter.tables}
    for name, alert in editor.alerts.items():
        for row in editor.builder.publication.alarming(alert) if alert.table in printed else []:
            found.setdefault(
                alert.note(name, row).relative_to(str(editor.builder.figures.exercice)).as_posix(), alert.said(row)
            )
    return found


def comments_of(editor: Editor, chapters: list[Chapitre]) -> dict[str, str]:
    """The texts that may comment a chart or a row of a matrix, each with the title that it is printed below."""
    found = {}
    for chapter in chapters:
        for bloc in (bloc for section in chapter.sections if not section.pour_chaque for bloc in section.blocs):
            if bloc.genre == "graphique":
                found[f"{FIGURES}/{bloc.id}.md"] = bloc.titre.format(**editor.names)
            elif bloc.genre == "matrice" and bloc.commentaires and (editor.contenu / bloc.commentaires).parent.is_dir():
                for row in editor.builder.publication.rows(bloc.table, {}, [bloc.code]):
                    found[bloc.commentaires.format(**editor.names, code=row[bloc.code])] = str(row[bloc.lignes.nom])
    return found
