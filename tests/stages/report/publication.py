"""A small publication made by hand, with its chapters, for the tests of the report."""

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.chapters.grammar import Chapitre
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.organisation import Exercices, Organisation
from pipelines.ledger.chain import Head
from pipelines.settings import Home
from pipelines.stages.report.model import Edition, Editor, Model, build, editor_of
from pipelines.stages.report.tables import read_publication
from tests.layers import ship

HOSTILE = """<img src=x onerror=alert(1)>"'&{{ 7*7 }}|*x*"""
EDITION = Edition("projet", "ab" * 32, Head(12, "cd" * 32), dt.date(2041, 5, 12))
CHAPTER = """
id: essai
titre: Essai
sections:
  - id: partie
    titre: Partie de {exercice}
    blocs:
      - {genre: contenu, fichier: essai.md, vide: "Rien n’est écrit pour {exercice}."}
      - genre: chiffres
        chiffres: [{code: a.total, libelle: agents}, {code: a.absent, libelle: inconnus}]
      - genre: graphique
        id: effectifs
        forme: barres
        titre: Effectifs
        table: rpt_effectifs
        ordre: [rang]
        lignes: {nom: libelle, titre: Statut, format: texte}
        colonnes: [{nom: nb_agents, titre: Agents}]
        total: Total
        vide: Aucun agent en {exercice}.
      - genre: graphique
        id: series
        forme: multiples
        titre: Indicateurs
        table: rpt_series
        exercices: 3
        ordre: [rang]
        lignes: {nom: libelle, titre: Indicateur, format: texte}
        croise: {par: exercice, valeur: valeur, format: chiffre}
        vide: Aucun indicateur.
      - genre: liste
        id: entrees
        titre: Entrées
        table: rpt_effectifs
        ordre: [rang]
        entree: [libelle]
        details: [{nom: nb_agents, titre: Agents}]
        vide: Aucune entrée.
"""
SOURCES = "source varchar, exercice integer, statut_collecte varchar, raisons varchar, champs_absents varchar"
CHIFFRES = (
    "code varchar, exercice integer, valeur decimal(20, 6), unite varchar, decimales integer, statut varchar, "
    "code_manquant varchar, etat varchar, libelle varchar, domaine varchar, formule varchar"
)
TABLES: dict[str, tuple[str, list[tuple]]] = {
    "chiffres": (
        CHIFFRES,
        [
            ("a.total", 2040, 27, "agents", 0, "calculé", None, "complet", "Agents", "essai", "Somme. Sources : s/t."),
            ("a.montant", 2040, "1234567.885", "EUR", 2, "calculé", None, "complet", "Montant", "essai", "Somme."),
            ("a.absent", 2040, None, "agents", 0, "manquant", "NC", "manquant", "Absent", "essai", "Somme."),
            ("a.total", 2039, 25, "agents", 0, "calculé", None, "complet", "Agents", "essai", "Somme."),
        ],
    ),
    "rpt_rapprochement_publie": (
        "code_chiffre varchar, exercice integer, statut_rapprochement varchar, ecart decimal(20, 6)",
        [("a.total", 2040, "égal", 0), ("a.montant", 2040, "écart", "-0.62")],
    ),
    "rpt_sources": (SOURCES, []),
    "rpt_effectifs": (
        "exercice integer, libelle varchar, rang integer, nb_agents bigint",
        [(2040, "Titulaires", 2, 13), (2040, "Contractuels", 1, 14), (2039, "Titulaires", 1, 99)],
    ),
    "rpt_series": (
        "exercice integer, libelle varchar, rang integer, valeur decimal(20, 6), unite varchar, decimales integer, "
        "code_manquant varchar, code varchar",
        [
            (2038, "Agents formés", 1, None, "agents", 0, "NC", "a.x"),
            (2039, "Agents formés", 1, 0, "agents", 0, None, "a.x"),
            (2040, "Agents formés", 1, 4, "agents", 0, None, "a.total"),
            (2039, "Jours", 2, "4.5", "jours", 2, None, "a.y"),
            (2040, "Jours", 2, 12, "jours", 2, None, "a.y"),
        ],
    ),
}


@dataclass
class Press:
    """A publication, its prose and its chapters in one folder."""

    root: Path
    tables: dict[str, tuple[str, list[tuple]]] = field(default_factory=lambda: dict(TABLES))
    chapter: str = CHAPTER
    profile: str = "interne"
    models: dict[str, list[str]] = field(
        default_factory=dict
    )  # table of rapport → the tables of the lake that it reads
    files: dict[str, str] = field(default_factory=dict)  # of the layer, besides the chapter
    home: Home | None = None

    def write(self, name: str, prose: str) -> None:
        """Prose of the year 2040."""
        path = self.root / "contenu" / "2040" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(prose, encoding="utf-8")

    def replace(self, table: str, rows: list[tuple], **more: Any) -> None:
        """Other rows in a table."""
        self.tables[table] = (more.get("columns", self.tables[table][0]), rows)

    def receive(self, *rows: tuple) -> None:
        """What was received: source, exercice, state, and if need be reasons and absent fields."""
        self.tables["rpt_sources"] = (SOURCES, [(*row, *[None] * (5 - len(row))) for row in rows])

    def model(self, exercice: int = 2040) -> Model:
        """The report."""
        catalogue, organisation = self._made()
        with read_publication(self.root / "published", exercice, self.profile) as publication:
            return build(publication, catalogue, organisation, self.root / "contenu", EDITION)

    def edited(self, use: Callable[[Editor, list[Chapitre]], None], exercice: int = 2040) -> None:
        """``use`` who builds the report, and its chapters, while the publication is open."""
        catalogue, organisation = self._made()
        with read_publication(self.root / "published", exercice, self.profile) as publication:
            use(editor_of(publication, catalogue, organisation, self.root / "contenu"), catalogue.chapters)

    def publish(self) -> Path:
        """Write the tables; the folder that holds ``rapport``."""
        folder = self.root / "published" / "rapport"
        folder.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as db:
            for name, (columns, rows) in self.tables.items():
                db.execute(f"create or replace table t ({columns})")
                for row in rows:
                    db.execute(f"insert into t values ({', '.join('?' * len(row))})", row)
                db.execute(f"copy t to '{folder / name}.parquet' (format parquet)")
        return folder.parent

    def _made(self) -> tuple[Catalogue, Organisation]:
        self.publish()
        layer = ship(self.root / "shipped")
        layer.take("catalogue/report/texte")
        layer.write("catalogue/report/01_essai.yml", self.chapter.lstrip("\n"))
        for model, sources in self.models.items():
            selects = [f"select * from {{{{ source('lake', '{source}') }}}}" for source in sources]
            layer.write(f"dbt_project/models/rapport/{model}.sql", "\nunion all\n".join(selects))
        for name, text in self.files.items():
            layer.write(name, text)
        organisation = Organisation(
            nom="Syndicat d’essai", sigle="SE", siren="123456782", exercices=Exercices(premier=2038, dernier=2040)
        )
        return layer.catalogue(self.home), organisation

    def block(self, genre: str, rank: int = 0) -> dict[str, Any]:
        """The ``rank``-th block of a kind."""
        return [b for b in self.model()["chapitres"][0]["sections"][0]["blocs"] if b["genre"] == genre][rank]


def texts(block: dict) -> list[list[str]]:
    return [[line["titre"], *(cell["texte"] for cell in line["cellules"])] for line in block["lignes"]]


def said(block: dict) -> list[str]:
    """The sentences of a block of prose."""
    return ["".join(re.findall(r'"texte": "([^"]*)"', json.dumps(n, ensure_ascii=False))) for n in block["arbre"]]
