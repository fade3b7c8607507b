"""Writes the export of a year: the published tables in open formats, with descriptions and checksums.

exports/<exercice>/<profile>/
    donnees/<table>.csv            exact, for programs: UTF-8, comma, decimal point, ISO dates, texts as they are
            <table>.excel-fr.csv   for a double click: byte order mark, ``;``, decimal comma, no text that is a formula
            <table>.parquet        exact, typed
    rapport_<exercice>.xlsx        all of it in one workbook
    scdl/                          the budget in its national schema, when the publication has one
    datapackage.json  LISEZMOI.txt  SHA256SUMS

Tables hold the rows up to the exercice, as a release does: the figures of a frozen year are those of its release, since
nothing else is published. The same publication gives the same bytes.
"""

import csv
import os
import shutil
import textwrap
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation
from pipelines.disk import sync, take_place
from pipelines.french import agreed
from pipelines.ledger.closing import SUMS, listed, sums_of
from pipelines.ledger.frozen import REVISED
from pipelines.publication import PUBLIC
from pipelines.settings import Home
from pipelines.spreadsheet import CODE, french_cell
from pipelines.sql import literal
from pipelines.stages.publish.copy import described_in
from pipelines.stages.publish.datapackage import package
from pipelines.stages.publish.edition import Edition
from pipelines.stages.publish.freshness import FRESHNESS
from pipelines.stages.publish.profiles import Profile, Table, opened
from pipelines.stages.publish.workbook import write_workbook


class NotExported(RuntimeError):
    """Nothing can be exported in the current state; the message says why."""


def write_export(home: Home, organisation: Organisation, exercice: int, profile: str, release: str | None) -> Path:
    """Write the export of ``exercice`` from the current publication, replacing any previous one. Returns its folder.

    Raises NotPublished when the profile is not published, NotExported when the publication has no such year.
    """
    target = home.exports / str(exercice) / profile
    aside = target.with_name(f".{profile}.{os.getpid()}")
    fill_export(aside, home, organisation, exercice, profile, release)
    for path in (*aside.rglob("*"), aside):
        sync(path)
    take_place(aside, target)
    return target


def fill_export(
    folder: Path, home: Home, organisation: Organisation, exercice: int, profile: str, release: str | None
) -> None:
    """Write the files of an export in ``folder``, which is new. Raises as ``write_export`` does."""
    published, catalogue = home.published.resolve(), load_catalogue(home)
    with opened(published, profile, catalogue.fields, catalogue.project.links) as whole:
        frozen = release if release and not release.endswith(REVISED) else None
        # how fresh a publication is says nothing about the rows of a year, nor do its deliveries and checks of a frozen one
        tables = tuple(
            table for table in whole.tables if table.full_name != FRESHNESS and not (frozen and table.schema == "audit")
        )
        read = replace(whole, tables=tables, publication=frozen or whole.publication)
        read.db.execute("set threads = 1")  # the row groups of a Parquet file follow the threads that wrote it
        _require(read, exercice)
        (folder / "donnees").mkdir(parents=True)
        edition = Edition(exercice, release, organisation, read)
        counts = {table.full_name: _write_table(edition, table, folder / "donnees") for table in read.tables}
        write_workbook(edition, folder / f"rapport_{exercice}.xlsx")
        if (published / "scdl").is_dir():
            shutil.copytree(published / "scdl", folder / "scdl")
        (folder / "datapackage.json").write_text(package(edition, folder, counts), encoding="utf-8")
        (folder / "LISEZMOI.txt").write_text(_readme(edition, counts), encoding="utf-8")
    (folder / SUMS).write_text(listed(sums_of(folder)), encoding="utf-8")


def _require(profile: Profile, exercice: int) -> None:
    names = [table.name for table in profile.tables]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise NotExported(f"deux tables publiées portent le même nom : {', '.join(twice)}")
    years = [y for (y,) in profile.db.execute("select distinct exercice from p.rapport.chiffres order by 1").fetchall()]
    if exercice not in years:
        raise NotExported(
            f"aucun chiffre de {exercice} n’est publié ; exercices publiés : {', '.join(map(str, years)) or 'aucun'}"
        )


def _write_table(edition: Edition, table: Table, folder: Path) -> int:
    """The three files of a table. Returns the number of rows."""
    db, rows, profile = edition.profile.db, edition.rows(table), edition.profile
    told = described_in(table, publication=profile.publication, construction=profile.build)
    parquet, exact = folder / f"{table.name}.parquet", folder / f"{table.name}.csv"
    db.execute(f"copy ({rows}) to {literal(parquet)} (format parquet, compression zstd, {told})")
    (count,) = db.execute(f"copy ({rows}) to {literal(exact)} (format csv, header)").fetchone()
    with (folder / f"{table.name}.excel-fr.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow([column.name for column in table.columns])
        writer.writerows([french_cell(value) for value in row] for row in edition.fetched(table))
    return count


def _readme(edition: Edition, counts: dict[str, int]) -> str:
    profile, organisation = edition.profile, edition.organisation
    licence = "Licence Ouverte 2.0 (Etalab)." if profile.name == PUBLIC else "Diffusion interne."
    listed = "\n".join(
        f"- {table.name} ({table.schema}, {rows} {agreed('lignes', Decimal(rows))}) : {table.comment}"
        for table, rows in ((table, counts[table.full_name]) for table in profile.tables)
    )
    return f"""{edition.title}

{organisation.nom} ({organisation.sigle}), SIREN {organisation.siren}.
Version {edition.version}, publication {profile.publication}, construction {profile.build}.
{edition.audience} {licence}

Les fichiers

- rapport_{edition.exercice}.xlsx : tout en un classeur ; la feuille « Chiffres publiés » donne chaque chiffre et son calcul.
- donnees/*.csv : pour les programmes (UTF-8, virgule, point décimal, dates AAAA-MM-JJ). Les textes y sont tels quels : dans un
  tableur, ouvrir plutôt le fichier .excel-fr.csv, où un texte qui passerait pour une formule est précédé d’une apostrophe.
{_opening(edition)}
- donnees/*.parquet : pour les outils d’analyse, types exacts.
- scdl/ : le budget au schéma national SCDL, pour tous les exercices publiés, s’il y en a un.
- datapackage.json : description de chaque table et de chaque colonne (Data Package 2.0).
- {SUMS} : empreintes ; « sha256sum -c {SUMS} » vérifie que rien n’a changé.

Lire les données

Les tables portent les exercices jusqu’à {edition.exercice}. Une cellule vide n’est jamais un zéro : la colonne code_manquant dit
pourquoi la valeur manque (NC non communiqué, ? inconnu, — sans objet, m non reçu, s secret statistique).

Les tables

{listed}
"""


def _opening(edition: Edition) -> str:
    """What to open a CSV with, and the columns in which a double click would lose zeros."""
    found = [f"{table.name}.{column}" for table in edition.profile.tables for column in _codes(edition, table)]
    said = f" Colonnes concernées : {', '.join(found)}." if found else ""
    text = (
        "D’un double clic, un tableur prend les codes pour des nombres et retire les zéros initiaux (011 devient 11) : "
        f"ouvrir rapport_{edition.exercice}.xlsx, qui les garde, ou importer le CSV en donnant à ces colonnes le type « Texte » "
        "(Excel : Données › À partir d’un fichier texte/CSV › Transformer les données ; LibreOffice : la fenêtre d’import, à "
        f"l’ouverture du fichier).{said}"
    )
    return textwrap.fill(
        text, 124, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _codes(edition: Edition, table: Table) -> list[str]:
    """The columns of texts that a spreadsheet would take for numbers."""
    texts = [column.name for column in table.columns if column.kind == "VARCHAR"]
    if not texts:
        return []
    asked = ", ".join(f'coalesce(bool_or(regexp_full_match("{name}", {literal(CODE)})), false)' for name in texts)
    is_code = edition.profile.db.execute(f"select {asked} from ({edition.rows(table)})").fetchone()
    return [name for name, loses in zip(texts, is_code, strict=True) if loses]
