"""The Data Package of an export (version 2.0): every table and column as the published database describes it.

https://datapackage.org/standard/data-package/ ; the field types are those of https://datapackage.org/standard/table-schema/.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from pipelines.catalogue.organisation import Organisation
from pipelines.publication import PUBLIC
from pipelines.stages.publish.edition import Edition
from pipelines.stages.publish.profiles import Column, Table, TableLink

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
LICENCE = {
    "name": "etalab-2.0",
    "title": "Licence Ouverte 2.0",
    "path": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
}
TYPES = {
    "BOOLEAN": "boolean",
    "SMALLINT": "integer",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "HUGEINT": "integer",
    "DOUBLE": "number",
    "DATE": "date",
    "TIMESTAMP": "datetime",
    "TIMESTAMP WITH TIME ZONE": "datetime",
}


def package(edition: Edition, folder: Path, counts: dict[str, int]) -> str:
    """The text of ``datapackage.json``; ``folder`` holds ``donnees/``, ``counts`` the number of rows of each table."""
    profile, organisation = edition.profile, edition.organisation
    first, topics = profile.db.execute(
        f"select min(exercice), list(distinct domaine order by domaine) from p.rapport.chiffres where exercice <= {edition.exercice}"
    ).fetchone()
    described = {
        "$schema": PROFILE,
        "name": f"rapport-activite-{edition.exercice}",
        "title": edition.title,
        "description": f"{edition.audience} Publication {profile.publication}, construction {profile.build}.",
        "version": edition.version,
        **about(organisation, ["rapport d’activité", "syndicat intercommunal", *topics], first, edition.exercice),
        "sources": [{"title": f"Outils métiers de {organisation.sigle}, exercices jusqu’à {edition.exercice}"}],
        "resources": [_resource(table, folder, counts[table.full_name]) for table in profile.tables],
    }
    if profile.name == PUBLIC:
        described["licenses"] = [LICENCE]
    return json.dumps(described, ensure_ascii=False, indent=1) + "\n"


def about(organisation: Organisation, keywords: list[str], first: int, last: int) -> dict[str, Any]:
    """What open data portals ask of a data set: its publisher and subject, the years and places it covers, its frequency.

    Coverage and frequency follow data.gouv.fr, since the standard leaves them open.
    """
    communes = [one for one in organisation.collectivites if one.code_insee]
    places = {"zones": [f"fr:commune:{one.code_insee}" for one in communes]} if communes else {}
    return {
        "contributors": [{"title": organisation.nom, "roles": ["publisher"]}],
        "keywords": [*keywords, organisation.sigle],
        "temporal": {"start": f"{first}-01-01", "end": f"{last}-12-31"},
        "spatial": {"title": organisation.nom, **places},
        "frequency": "annual",
    }


def csv_file(folder: Path, path: str, rows: int) -> dict[str, Any]:
    """The description of a CSV of a package, at ``path`` in its folder."""
    content = (folder / path).read_bytes()
    return {
        "type": "table",
        "path": path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "rows": rows,
    }


def _resource(table: Table, folder: Path, rows: int) -> dict[str, Any]:
    links = [_link(link) for link in table.links]
    return {
        "name": table.name,
        "title": title(table.comment) or table.name,
        "description": table.comment,
        **csv_file(folder, f"donnees/{table.name}.csv", rows),
        "schema": {
            "fields": [_field(column) for column in table.columns],
            **({"primaryKey": list(table.key)} if table.key else {}),
            **({"foreignKeys": links} if links else {}),
            "missingValues": [""],
        },
    }


def _link(link: TableLink) -> dict[str, Any]:
    _, parent = link.parent.split(".")
    return {"fields": [link.column], "reference": {"resource": parent, "fields": [link.key]}}


def _field(column: Column) -> dict[str, Any]:
    kind = TYPES.get(column.kind, "number" if column.kind.startswith("DECIMAL") else "string")
    field = {
        "name": column.name,
        "type": kind,
        "title": column.title or title(column.comment) or column.name,
        "description": column.comment,
    }
    field |= {name: said for name, said in column.told.items() if name in ("unit", "additif")}
    if not column.is_nullable and kind != "string":  # a text may be empty, which a CSV cannot tell from missing
        field["constraints"] = {"required": True}
    return field


def title(comment: str) -> str:
    """``Montant, en euros.`` → ``Montant``: the first clause of a description."""
    return re.split(r"\s?[.,:;(]", comment, maxsplit=1)[0].strip()
