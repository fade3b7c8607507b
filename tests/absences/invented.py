"""Makes the landing and the declarations of an invented home, in formats that the demonstration has not.

Six services of a régie, each with a fact and figures of its own: a workbook of one sheet a quarter that names its sheets and
declares its months, another one that does neither, a file of tabs, a JSON document, a file of JSON lines, and one that announces
its total.
"""

import datetime as dt
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import yaml

YEARS = (2022, 2023, 2024)
MEMBERS = {"Montcelaigue": "43901", "Saint-Ferriol": "43902", "L’Hospitalet": "43903"}
NATURES = ("abonnement", "usage")
QUARTERS = ("1er trimestre", "2e trimestre", "3e trimestre", "4e trimestre")

ORGANISATION = f"""\
nom: Régie de la Haute-Aubrelle
sigle: REGHA
siren: "254300916"
exercices: {{premier: {YEARS[0]}, dernier: {YEARS[-1]}}}
systemes: [eau, piscine, bornes, chalets, navette, scene]
collectivites:
  - {{code_insee: "43901", siren: "214309015", nom: Montcelaigue}}
  - {{code_insee: "43902", siren: "214309023", nom: Saint-Ferriol}}
  - {{code_insee: "43903", siren: "214309031", nom: L’Hospitalet}}
"""
HEADINGS = {
    "reference": "Référence",
    "jour": "Date",
    "commune": "Commune",
    "nature": "Nature",
    "montant_eur": "Montant",
}
LINES = """\
select
    *,
    case when year(jour) = exercice then 1 else 0 end as poids,
    case when year(jour) = exercice then 'compté' else 'hors période' end as motif
from {{{{ source('lake', '{system}__operations') }}}}
"""
FACT = """\
select
    cast(exercice as integer) as exercice,
    cast(reference as string) as reference,
    cast(jour as date) as jour,
    cast(nature as string) as nature,
    cast(montant_eur as decimal(18, 2)) as montant_eur
from {{{{ ref('int_regie__{system}') }}}}
where poids = 1
"""


@dataclass(frozen=True)
class Operation:
    """A line of a service."""

    reference: str
    jour: dt.date
    commune: str
    nature: str
    montant: str  # 12.50


@dataclass(frozen=True)
class Service:
    """A system of the home: the format of its export, what its declaration adds, how a year of it is written."""

    system: str
    title: str
    suffix: str
    write: Callable[[Path, int, list[Operation]], None]
    format: dict[str, Any]
    table: dict[str, Any]
    number: dict[str, Any]  # how the amount is written
    day: str
    required: bool = False


def make_home(home: Path, seed: int) -> None:
    """Write the home: what it declares, and what it received in each year."""
    (home / "organisation.yml").parent.mkdir(parents=True)
    (home / "organisation.yml").write_text(ORGANISATION, encoding="utf-8")
    _declare(home)
    for service in SERVICES:
        for year in YEARS:
            folder = home / "landing" / str(year) / service.system
            folder.mkdir(parents=True)
            draw = random.Random(f"{seed} {service.system} {year}")
            service.write(folder / f"{service.system}_{year}.{service.suffix}", year, _operations(year, draw))


def _operations(year: int, draw: random.Random) -> list[Operation]:
    """A few lines of each month, commune and nature, by date."""
    found = []
    for month in range(1, 13):
        for commune in MEMBERS:
            for nature in NATURES:
                for _ in range(draw.randint(2, 4)):
                    amount = f"{draw.randint(5, 90)}.{draw.randint(10, 99)}"
                    found.append((dt.date(year, month, draw.randint(1, 28)), commune, nature, amount))
    found.sort()
    return [Operation(f"{year}-{rank:04d}", *one) for rank, one in enumerate(found, start=1)]


def _cells(one: Operation, day: str) -> list[str]:
    return [one.reference, one.jour.strftime(day), one.commune, one.nature, one.montant]


def _quarters(path: Path, _year: int, lines: list[Operation]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for rank, name in enumerate(QUARTERS):
        sheet = book.create_sheet(name)
        sheet.append([*HEADINGS.values()])
        for one in lines:
            if (one.jour.month - 1) // 3 == rank:
                sheet.append([one.reference, one.jour, one.commune, one.nature, float(one.montant)])
    book.create_sheet("Notice").append(["Un trimestre par feuille."])
    book.save(path)


def _tabs(path: Path, _year: int, lines: list[Operation]) -> None:
    rows = [[*HEADINGS.values()], *(_cells(one, "%Y-%m-%d") for one in lines)]
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


def _document(path: Path, year: int, lines: list[Operation]) -> None:
    records = [json.dumps(_record(one), ensure_ascii=False) for one in lines]
    path.write_text(f'{{"annee": {year}, "operations": [\n' + ",\n".join(records) + "\n]}\n", encoding="utf-8")


def _records(path: Path, _year: int, lines: list[Operation]) -> None:
    path.write_text("".join(json.dumps(_record(one), ensure_ascii=False) + "\n" for one in lines), encoding="utf-8")


def _totalled(path: Path, year: int, lines: list[Operation]) -> None:
    rows = [[*HEADINGS.values()], *(_cells(one, "%d/%m/%Y") for one in lines)]
    total = f"{sum(round(100 * float(one.montant)) for one in lines) / 100:.2f}"
    rows = [[f"Recettes de l’exercice {year}", "", "", "", ""], *rows, ["Total", "", "", "", total]]
    text = "".join(";".join([*row[:4], row[4].replace(".", ",")]) + "\n" for row in rows)
    path.write_bytes(text.encode("cp1252"))


def _record(one: Operation) -> dict[str, str]:
    return dict(zip(HEADINGS.values(), _cells(one, "%Y-%m-%d"), strict=True))


PERIOD = {"period": {"column": "jour", "every": "month"}}
BOOK = {"type": "xlsx"}
SHEETS = {"sheet": [*QUARTERS]}
TOTALS = {"ignore": [{"column": "reference", "pattern": "Total", "sums": ["montant_eur"]}]}
CP1252 = {"type": "csv", "encoding": "cp1252", "title": "exercice {exercice}"}
SERVICES = (
    Service("piscine", "Piscine", "xlsx", _quarters, BOOK, SHEETS | PERIOD, {}, "%d/%m/%Y"),
    Service("chalets", "Chalets", "xlsx", _quarters, BOOK, {"sheet": "* trimestre"}, {}, "%d/%m/%Y", required=True),
    Service("eau", "Régie des eaux", "tsv", _tabs, {"type": "csv", "delimiter": "\t"}, PERIOD, {}, "%Y-%m-%d"),
    Service(
        "bornes", "Bornes", "json", _document, {"type": "json"}, PERIOD | {"records": "operations"}, {}, "%Y-%m-%d"
    ),
    Service("navette", "Navette", "jsonl", _records, {"type": "jsonl"}, {}, {}, "%Y-%m-%d", required=True),
    Service("scene", "Scène", "csv", _totalled, CP1252, TOTALS, {"decimalChar": ","}, "%d/%m/%Y"),
)


def _declare(home: Path) -> None:
    """The declarations of each service, and its models and figures."""
    models = home / "dbt_project/models"
    for folder in (
        "catalogue/systems",
        "catalogue/figures",
        "dbt_project/models/marts",
        "dbt_project/models/intermediate",
    ):
        (home / folder).mkdir(parents=True)
    described: dict[str, list] = {"marts": [], "intermediate": []}
    figures = []
    for service in SERVICES:
        declared = yaml.safe_dump(_system(service), allow_unicode=True, sort_keys=False)
        (home / "catalogue/systems" / f"{service.system}.yml").write_text(declared, encoding="utf-8")
        for folder, name, text in (("marts", "fct_", FACT), ("intermediate", "int_regie__", LINES)):
            sql = models / folder / f"{name}{service.system}.sql"
            sql.write_text(text.format(system=service.system), encoding="utf-8")
        described["marts"].append(_mart(service))
        described["intermediate"].append(_lines(service))
        figures += _figures(service)
    for folder, those in described.items():
        text = yaml.safe_dump({"models": those}, allow_unicode=True)
        (models / folder / "regie.yml").write_text(text, encoding="utf-8")
    told = {"domaine": "regie", "titre": "La régie", "mots": _words(), "chiffres": figures}
    (home / "catalogue/figures/regie.yml").write_text(
        yaml.safe_dump(told, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )


def _system(service: Service) -> dict[str, Any]:
    filled = {"constraints": {"required": True}}
    table = {
        "name": "operations",
        "title": f"Opérations, {service.title}",
        "description": "Une ligne par opération.",
        "primaryKey": ["reference"],
        "header": {YEARS[0]: HEADINGS},
        "fields": [
            {"name": "reference", "title": "Référence", "description": "Numéro de l’opération.", **filled},
            {
                "name": "jour",
                "title": "Date",
                "description": "Jour de l’opération.",
                "type": "date",
                "format": service.day,
                **filled,
            },
            {"name": "commune", "title": "Commune", "description": "Commune de l’opération.", "member": True, **filled},
            {"name": "nature", "title": "Nature", "description": "Abonnement ou usage.", **filled},
            {"name": "montant_eur", "type": "number", **service.number, **(filled if service.required else {})},
        ],
        "exercice": {"column": "jour", "rule": "within"},
        **service.table,
    }
    export = {
        "name": "operations",
        "title": f"Opérations, {service.title}",
        "files": f"{service.system}*.{service.suffix}",
    }
    export |= {"format": service.format, "tables": [table]} | (
        {"unread": ["Notice"]} if service.suffix == "xlsx" else {}
    )
    return {"system": service.system, "title": service.title, "owner": "Régie", "exports": [export]}


def _mart(service: Service) -> dict[str, Any]:
    types = {
        "exercice": "integer",
        "reference": "varchar",
        "jour": "date",
        "nature": "varchar",
        "montant_eur": "decimal(18, 2)",
    }
    said = {
        "reference": "Numéro.",
        "jour": "Jour de l’opération.",
        "nature": "Abonnement ou usage.",
        "montant_eur": "Montant.",
    }
    columns = [
        {"name": name, "data_type": kind} | ({"description": said[name]} if name in said else {})
        for name, kind in types.items()
    ]
    return {"name": f"fct_{service.system}", "description": f"Opérations, {service.title}.", "columns": columns}


def _lines(service: Service) -> dict[str, Any]:
    lines = {
        "source": f"'{service.system}/operations'",
        "faits": {f"fct_{service.system}": {"colonnes": {"montant_eur": "montant_eur"}}},
        "signalees": {},
        "series": {"commune": {"mois": "month(jour)", "membre": "commune"}},
    }
    config = {"materialized": "view", "meta": {"lignes": lines}}
    return {"name": f"int_regie__{service.system}", "description": f"Lignes, {service.title}.", "config": config}


def _words() -> dict[str, Any]:
    words: dict[str, Any] = {f"fct_{one.system}": f"opérations de {one.title}" for one in SERVICES}
    return words | {"montant_eur": "montants", "nature": {nature: f"de nature {nature}" for nature in NATURES}}


def _figures(service: Service) -> list[dict[str, Any]]:
    """The amount, the amount of one nature, the number of lines, and the mean that divides one by the other."""
    fact, code = f"fct_{service.system}", f"regie.{service.system}"
    source = {"sources": [f"{service.system}/operations"]}
    amount = {"fait": fact, "agregat": "somme", "colonne": "montant_eur"}
    euros = {"unite": "EUR", "decimales": 2}
    return [
        {"code": f"{code}.montant", "libelle": f"{service.title} : montant", **euros, **source, "mesure": amount},
        {
            "code": f"{code}.usages", "libelle": f"{service.title} : usages", **euros, **source,
            "mesure": amount | {"filtre": {"nature": "usage"}},
        },
        {
            "code": f"{code}.operations", "libelle": f"{service.title} : opérations", "unite": "opérations", "decimales": 0,
            **source, "mesure": {"fait": fact, "agregat": "nombre"},
        },
        {
            "code": f"{code}.moyenne", "libelle": f"{service.title} : montant moyen", **euros,
            "expression": "montant / operations",
            "operandes": {"montant": f"{code}.montant", "operations": f"{code}.operations"},
        },
    ]  # fmt: skip
